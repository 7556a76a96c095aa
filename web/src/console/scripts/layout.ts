/** Places for blocks: the whole scheme from left to right by dagre, or only those blocks that have no place yet. */
import { RETURN, type Block, type Doc, type Layout, type Place } from './doc';
import { drawn, HEAD, LINE, ROW, STAGE, WIDTH } from './rows';

const GAP = 60;
const ROOM = HEAD + STAGE + 3 * LINE + 6 * ROW; // a block grows while it is written: a stage, a text, some answers

/** Places for every block, the first one at the left. */
export async function arranged(doc: Doc): Promise<Layout> {
  const { Graph, layout: arrange } = await import('@dagrejs/dagre'); // large, and not needed to open a draft
  const { jumps, start } = doc.script;
  const blocks = [...doc.script.blocks].sort((one, other) => Number(other.id === start) - Number(one.id === start));
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 36, ranksep: 110 });
  graph.setDefaultEdgeLabel(() => ({}));
  const ids = new Set(blocks.map((block) => block.id));
  for (const block of blocks) graph.setNode(block.id, { width: WIDTH, height: drawn(block).height });
  for (const block of blocks) for (const to of targets(block)) if (ids.has(to) && to !== block.id) graph.setEdge(block.id, to);
  arrange(graph);
  const layout: Record<string, Place> = {};
  for (const block of blocks) {
    const { x, y } = graph.node(block.id) as { x: number; y: number };
    layout[block.id] = [snap(x - WIDTH / 2), snap(y - drawn(block).height / 2)];
  }
  return below(doc, layout, new Set(jumps.map((jump) => jump.to)));
}

/** What only jumps lead to stands in a row of its own, below the conversation. */
function below(doc: Doc, layout: Record<string, Place>, jumped: ReadonlySet<string>): Layout {
  const entered = new Set(doc.script.blocks.flatMap((block) => targets(block)));
  const aside = doc.script.blocks.filter((one) => jumped.has(one.id) && !entered.has(one.id) && one.id !== doc.script.start);
  const rest = doc.script.blocks.filter((one) => !aside.includes(one));
  if (!aside.length || !rest.length) return layout;
  const bottom = Math.max(...rest.map((one) => (layout[one.id]?.[1] ?? 0) + drawn(one).height));
  const left = Math.min(...rest.map((one) => layout[one.id]?.[0] ?? 0));
  aside.forEach((one, at) => (layout[one.id] = [left + at * (WIDTH + GAP), snap(bottom + 2 * GAP)]));
  return layout;
}

/** The same places, and new ones for blocks that have none. */
export async function completed(doc: Doc): Promise<Layout> {
  const missing = doc.script.blocks.filter((block) => !doc.layout[block.id]);
  if (!missing.length) return doc.layout;
  if (missing.length > doc.script.blocks.length / 2) return arranged(doc);
  const layout: Record<string, Place> = { ...doc.layout };
  for (const block of missing) layout[block.id] = freePlace({ ...doc, layout }, [0, 0], drawn(block).height);
  return layout;
}

/** The nearest free place at or below where a block is wished. */
export function freePlace(doc: Doc, wished: Place, height = 0): Place {
  const room = Math.max(ROOM, height);
  const taken = doc.script.blocks.flatMap((block) => {
    const place = doc.layout[block.id];
    return place ? [{ x: place[0], y: place[1], height: Math.max(ROOM, drawn(block).height) }] : [];
  });
  let [x, y] = wished;
  for (let tries = 0; tries <= taken.length; tries += 1) {
    const hit = taken.find((one) => Math.abs(one.x - x) < WIDTH && one.y < y + room && y < one.y + one.height + 20);
    if (!hit) break;
    y = hit.y + hit.height + 20;
  }
  return [snap(x), snap(y)];
}

/** Whether a block lies upon another: it has grown since it was placed, or was put there. */
export function overlaps(doc: Doc, id: string): boolean {
  const here = doc.layout[id];
  const block = doc.script.blocks.find((one) => one.id === id);
  if (!here || !block) return false;
  const [x, y] = here;
  const bottom = y + drawn(block).height;
  return doc.script.blocks.some((one) => {
    const place = doc.layout[one.id];
    if (!place || one === block || Math.abs(place[0] - x) >= WIDTH) return false;
    return place[1] < bottom && y < place[1] + drawn(one).height;
  });
}

export const targets = (block: Block): string[] =>
  drawn(block)
    .rows.map((row) => row.to)
    .filter((to) => to && to !== RETURN);

const snap = (n: number): number => Math.round(n / 10) * 10;
