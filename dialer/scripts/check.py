"""What is wrong with a script, before anybody has to read it to a client.

Pure, and quick enough to run at every keystroke. Errors forbid publishing. Findings carry paths by id;
`spotted` gives them the places of a text.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from dialer import expressions
from dialer.scripts.check_actions import Outside, check_actions
from dialer.scripts.check_texts import check_texts
from dialer.scripts.findings import Finding, Path, Spot
from dialer.scripts.graph import distances, edges, turned
from dialer.scripts.model import ID, NEXT, RETURN, Block, Field, Script, arrows
from dialer.scripts.values import MAX_LIST, Invalid, clean, from_text
from dialer.scripts.ways import names
from dialer.scripts.weave import DOT, CannotWeave, Library, check_subs, uses, weave
from dialer.scripts.yaml_form import MAX_PACE, spot_of

MAX_BLOCKS: Final = 1_000
MAX_ANSWERS: Final = 50
MAX_WAYS: Final = 50
MAX_TASKS: Final = 30
KEYS_OF_ANSWERS: Final = 9
KEYS_OF_JUMPS: Final = 4
_UNTOLD: Final = frozenset({"condition_name", "placeholder_unknown", "action_field_unknown"})


def check(
    script: Script,
    dispositions: Collection[str] | None = None,
    library: Library | None = None,
    outside: Outside | None = None,
) -> list[Finding]:
    """Every fault, in a stable order. `dispositions`, `library`, `outside`: what exists; None is not checked."""
    found = [*_sizes(script), *_ids(script), *_fields(script), *_dispositions(script, dispositions)]
    found += [*_targets(script), *_subs(script)]
    if library is not None:
        found += check_subs(script, library)
    found += _words(script, library, outside)
    if script.block(script.start):  # else every block would be called unreachable
        found += _shape(script)
    return found


def _words(script: Script, library: Library | None, outside: Outside | None) -> list[Finding]:
    """Texts, conditions and actions, which may speak of the fields of scripts that are passed through."""
    whole = script
    if library is not None:
        with contextlib.suppress(CannotWeave):
            whole = weave(script, library)
    found = [*_conditions(whole), *check_actions(whole, outside), *check_texts(whole)]
    if whole is not script:  # what is said in another script is found there
        return [finding for finding in found if not any(DOT in part for part in finding.path[:2])]
    if uses(script):  # nobody can tell which fields those scripts have
        return [finding for finding in found if finding.code not in _UNTOLD]
    return found


def spotted(findings: Iterable[Finding], spots: Mapping[Path, Spot]) -> list[Finding]:
    """The same findings with the places of the text that the script came from, in its order."""
    placed = [
        finding
        if finding.spot
        else msgspec.structs.replace(finding, spot=spot_of(finding.path, spots) or Spot(1, 1))
        for finding in findings
    ]
    return sorted(
        placed, key=lambda finding: (finding.spot.line, finding.spot.column) if finding.spot else (0, 0)
    )


# --- ids, limits ------------------------------------------------------------------------------------------


def _sizes(script: Script) -> Iterator[Finding]:
    if not 1 <= script.pace <= MAX_PACE:
        yield Finding(code="pace_wrong", path=("pace",), params={"limit": MAX_PACE})
    if not script.blocks:
        yield Finding(code="no_blocks", path=("blocks",))
    if len(script.blocks) > MAX_BLOCKS:
        yield Finding(code="too_large", path=("blocks",), params={"what": "blocks", "limit": MAX_BLOCKS})
    if len(script.tasks) > MAX_TASKS:
        yield Finding(code="too_large", path=("tasks",), params={"what": "tasks", "limit": MAX_TASKS})
    if len(script.jumps) > KEYS_OF_JUMPS:
        yield Finding(code="jumps_many", level="warning", path=("jumps",))
    for block in script.blocks:
        path = ("blocks", block.id, "answers")
        if len(block.answers) > MAX_ANSWERS:
            yield Finding(code="too_large", path=path, params={"what": "answers", "limit": MAX_ANSWERS})
        elif len(block.answers) > KEYS_OF_ANSWERS:
            yield Finding(code="answers_many", level="warning", path=path, params={"block": block.id})


def _ids(script: Script) -> Iterator[Finding]:
    def judged(found: Iterable[tuple[Path, str]], reserved: str = "") -> Iterator[Finding]:
        seen: set[str] = set()
        for path, name in found:
            if not ID.fullmatch(name):
                yield Finding(code="id_wrong", path=path, params={"id": name[:40]})
            elif name == reserved:
                yield Finding(code="id_reserved", path=path, params={"id": name})
            elif name in seen:
                yield Finding(code="id_twice", path=path, params={"id": name})
            seen.add(name)

    yield from judged(((("blocks", block.id), block.id) for block in script.blocks), RETURN)
    yield from judged((("jumps", jump.id), jump.id) for jump in script.jumps)
    yield from judged((("tasks", task.id), task.id) for task in script.tasks)
    yield from judged((path, field.id) for path, _, field in _placed_fields(script))
    for block in script.blocks:
        where = ("blocks", block.id, "answers")
        yield from judged((((*where, answer.id), answer.id) for answer in block.answers), NEXT)


def _placed_fields(script: Script) -> Iterator[tuple[Path, Block | None, Field]]:
    for field in script.common:
        yield ("common", field.id), None, field
    for block in script.blocks:
        for field in block.fields:
            yield ("blocks", block.id, "fields", field.id), block, field


def _fields(script: Script) -> Iterator[Finding]:
    for path, _, field in _placed_fields(script):
        named: dict[str, str | int] = {"field": field.id}
        if field.kind in ("choice", "choices"):
            if not any(field.choices):
                yield Finding(code="choices_missing", path=path, params=named)
            if len(field.choices) > MAX_LIST:
                yield Finding(code="too_large", path=path, params={"what": "choices", "limit": MAX_LIST})
            for choice in sorted({choice for choice in field.choices if field.choices.count(choice) > 1}):
                yield Finding(code="choice_twice", path=(*path, "choices"), params={"choice": choice})
        elif field.choices:
            yield Finding(code="choices_useless", level="warning", path=(*path, "choices"), params=named)
        if (field.kind == "reference") != bool(field.of):
            yield Finding(code="reference_of", path=path, params=named)
        if not _default_fits(field):
            yield Finding(code="default_wrong", path=(*path, "default"), params=named)


def _default_fits(field: Field) -> bool:
    if not field.default or "{{" in field.default:
        return True
    try:
        return clean(field, from_text(field, field.default)) is not None
    except Invalid:
        return False


def _dispositions(script: Script, known: Collection[str] | None) -> Iterator[Finding]:
    for block in script.blocks:
        named: list[tuple[Path, str]] = [(("blocks", block.id), block.disposition)]
        named += [
            (("blocks", block.id, "answers", answer.id), answer.disposition) for answer in block.answers
        ]
        for path, disposition in named:
            if disposition and known is not None and disposition not in known:
                params: dict[str, str | int] = {"disposition": disposition[:40]}
                yield Finding(code="disposition_unknown", path=(*path, "disposition"), params=params)


# --- arrows ------------------------------------------------------------------------------------------------


def _targets(script: Script) -> Iterator[Finding]:
    known = [block.id for block in script.blocks]
    if script.start not in known:
        yield Finding(code="start_unknown", path=("start",), params={"to": script.start[:40]})
    named: list[tuple[Path, str]] = [(("jumps", jump.id, "to"), jump.to) for jump in script.jumps]
    for block in script.blocks:
        here = ("blocks", block.id)
        named.append(((*here, "next"), block.next))
        named += [((*here, "ways", str(at), "to"), way.to) for at, way in enumerate(block.ways)]
        named += [((*here, "answers", answer.id, "to"), answer.to) for answer in block.answers]
    for path, target in named:
        if target and target not in known and (target != RETURN or path[0] == "jumps"):
            params: dict[str, str | int] = {"to": target[:40]}
            like = difflib.get_close_matches(target[:40], known, n=1)
            if like:
                yield Finding(code="block_unknown_like", path=path, params={**params, "like": like[0]})
            else:
                yield Finding(code="block_unknown", path=path, params=params)


def _conditions(script: Script) -> Iterator[Finding]:
    known = names(script)
    for block in script.blocks:
        here = ("blocks", block.id, "ways")
        if len(block.ways) > MAX_WAYS:
            yield Finding(code="too_large", path=here, params={"what": "ways", "limit": MAX_WAYS})
        if block.ways and not block.next and not block.end:
            yield Finding(code="ways_without_next", path=here, params={"block": block.id})
        for at, way in enumerate(block.ways):
            if wrong := expressions.check(way.when, known):
                yield Finding(code=wrong.code, path=(*here, str(at), "when"), params=dict(wrong.params))


def _subs(script: Script) -> Iterator[Finding]:
    for block in script.blocks:
        here: dict[str, str | int] = {"block": block.id}
        if block.sub and (block.text or block.hint or block.fields or block.answers or block.end):
            yield Finding(code="sub_says", path=("blocks", block.id, "sub"), params=here)
        elif block.sub and not block.next:
            yield Finding(code="sub_without_next", path=("blocks", block.id, "sub"), params=here)
        if block.pause_recording and (block.sub or block.automatic):
            path = ("blocks", block.id, "pause_recording")
            yield Finding(code="pause_unseen", level="warning", path=path, params=here)


def _shape(script: Script) -> Iterator[Finding]:
    graph = edges(script)
    main = distances(graph, [script.start])
    reached = distances(graph, [script.start, *(jump.to for jump in script.jumps)])
    leaving = [block.id for block in script.blocks if block.end or _returns(block)]
    ending = distances(turned(graph), leaving)
    for block in script.blocks:
        here = ("blocks", block.id)
        named: dict[str, str | int] = {"block": block.id}
        if block.id not in reached:
            yield Finding(code="unreachable", path=here, params=named)
        yield from _ways_out(block)
        if _returns(block) and block.id in main:
            yield Finding(code="return_without_jump", path=here, params=named)
        elif block.id not in ending and graph[block.id]:
            yield Finding(code="never_ends", level="warning", path=here, params=named)
    if not any(block.goal for block in script.blocks):
        yield Finding(code="no_goal", level="warning", path=("blocks",))
    yield from _circles(script)


def _returns(block: Block) -> bool:
    return any(arrow.to == RETURN for arrow in arrows(block))


def _ways_out(block: Block) -> Iterator[Finding]:
    here = ("blocks", block.id)
    if block.end:
        if block.answers or block.next or block.ways:
            yield Finding(code="end_goes_on", path=here, params={"block": block.id})
        return
    if not block.answers and not block.next and not block.ways:
        yield Finding(code="dead_end", path=here, params={"block": block.id})
    for answer in block.answers:
        if not answer.to and not block.next:
            path = (*here, "answers", answer.id)
            yield Finding(code="answer_nowhere", path=path, params={"answer": answer.id})


def _circles(script: Script) -> Iterator[Finding]:
    """Nothing is asked in automatic blocks, so whatever sends one round in them sends one round for ever."""
    on = {
        block.id: [arrow.to for arrow in arrows(block)]
        for block in script.blocks
        if block.automatic and not block.sub
    }
    done: set[str] = set()
    for first in on:
        circle = _circle(on, first, done)
        if circle:
            told = " → ".join([*circle, circle[0]])
            yield Finding(code="automatic_loop", path=("blocks", circle[0]), params={"blocks": told})


def _circle(on: Mapping[str, list[str]], first: str, done: set[str]) -> list[str]:
    """The first circle that is met on any way from a block; `done` gathers what was gone through."""
    way: list[str] = []
    left = [iter([first])]
    while left:
        block = next(left[-1], None)
        if block is None:
            left.pop()
            if way:
                way.pop()
        elif block in way:
            return way[way.index(block) :]
        elif block in on and block not in done:
            done.add(block)
            way.append(block)
            left.append(iter(on[block]))
    return []
