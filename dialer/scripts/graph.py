"""The shape of a script: what can be reached from where, and how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from dialer.scripts.model import RETURN, Script, arrows

Edges = Mapping[str, Collection[str]]


def edges(script: Script) -> dict[str, list[str]]:
    """Block id -> ids that its arrows lead to; unknown targets and `return` are left out."""
    known = {block.id for block in script.blocks}
    return {
        block.id: [arrow.to for arrow in arrows(block) if arrow.to in known and arrow.to != RETURN]
        for block in script.blocks
    }


def turned(graph: Edges) -> dict[str, list[str]]:
    """The same arrows, looked at from their heads."""
    back: dict[str, list[str]] = {node: [] for node in graph}
    for source, targets in graph.items():
        for target in targets:
            back[target].append(source)
    return back


def distances(graph: Edges, sources: Iterable[str], *, without: str = "") -> dict[str, int]:
    """Least number of arrows from any of `sources` to each block within reach, never through `without`."""
    found = {source: 0 for source in sources if source in graph and source != without}
    queue = deque(found)
    while queue:
        node = queue.popleft()
        for target in graph[node]:
            if target not in found and target != without:
                found[target] = found[node] + 1
                queue.append(target)
    return found


@lru_cache(64)
def main_line(script: Script) -> frozenset[str]:
    """The blocks that the conversation reaches without any jump."""
    return frozenset(distances(edges(script), [script.start]))


@lru_cache(4096)
def progress(script: Script, block_id: str, *, goal_met: bool) -> float:
    """How far along the shortest way to the goal (once met: to an end) a block lies, 0 to 1."""
    graph = edges(script)
    done = distances(graph, [script.start]).get(block_id, 0)
    back = turned(graph)
    goals = [block.id for block in script.blocks if block.goal and not goal_met]
    ends = [block.id for block in script.blocks if not graph[block.id]]
    left = distances(back, goals).get(block_id)
    if left is None:  # no goal ahead any more
        left = distances(back, ends).get(block_id, 0)
    return done / (done + left) if done + left else float(not graph.get(block_id))
