/** Search over a script, and which block comes next when one goes by the arrow keys. */
import { titleOf, type Doc, type Place } from './doc';
import { drawn, WIDTH } from './rows';

export interface Hit {
  id: string;
  title: string;
  where: 'title' | 'text' | 'answer' | 'field' | 'condition';
  excerpt: string;
}
const MOST = 50;

/** Blocks that hold the words, in the order of the script; each once, with the first part that matches. */
export function search(doc: Doc, words: string): Hit[] {
  const wanted = words.trim().toLocaleLowerCase();
  if (!wanted) return [];
  const hits: Hit[] = [];
  for (const block of doc.script.blocks) {
    const parts: [Hit['where'], string][] = [
      ['title', block.title || block.id],
      ['title', block.stage],
      ['text', block.text],
      ['text', block.hint],
      ...block.answers.map((one): [Hit['where'], string] => ['answer', one.text]),
      ...block.fields.map((one): [Hit['where'], string] => ['field', `${one.label} ${one.id}`]),
      ...block.ways.map((one): [Hit['where'], string] => ['condition', one.when]),
      ['text', block.sub],
    ];
    const found = parts.find(([, text]) => text.toLocaleLowerCase().includes(wanted));
    if (found) hits.push({ id: block.id, title: titleOf(block), where: found[0], excerpt: around(found[1], wanted) });
    if (hits.length >= MOST) break;
  }
  return hits;
}

function around(text: string, wanted: string): string {
  const plain = text.replace(/\s+/g, ' ');
  const at = Math.max(0, plain.toLocaleLowerCase().indexOf(wanted) - 24);
  return (at ? '…' : '') + plain.slice(at, at + 80);
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The nearest block in a direction: what lies straight ahead comes before what lies aside. */
export function neighbour(doc: Doc, from: string, direction: Direction): string | null {
  const here = doc.layout[from];
  if (!here) return doc.script.start || null;
  const [x, y] = here;
  let best: string | null = null;
  let least = Infinity;
  for (const block of doc.script.blocks) {
    const place = doc.layout[block.id];
    if (!place || block.id === from) continue;
    const [ahead, aside] = along([place[0] - x, place[1] - y], direction);
    if (ahead <= (direction === 'left' || direction === 'right' ? WIDTH / 4 : 8)) continue;
    const cost = ahead + 2 * aside;
    if (cost < least) [best, least] = [block.id, cost];
  }
  return best;
}

function along([dx, dy]: Place, direction: Direction): Place {
  if (direction === 'right') return [dx, Math.abs(dy)];
  if (direction === 'left') return [-dx, Math.abs(dy)];
  return [direction === 'down' ? dy : -dy, Math.abs(dx)];
}

/** The block after or before, in the order of the script, round and round. */
export function turn(doc: Doc, from: string, by: 1 | -1): string | null {
  const ids = doc.script.blocks.map((block) => block.id);
  if (!ids.length) return null;
  const at = ids.indexOf(from);
  return ids[at < 0 ? 0 : (at + by + ids.length) % ids.length] ?? null;
}

/** The middle of a block. */
export function middle(doc: Doc, id: string): Place | null {
  const place = doc.layout[id];
  const block = doc.script.blocks.find((one) => one.id === id);
  return place && block ? [place[0] + WIDTH / 2, place[1] + drawn(block).height / 2] : null;
}
