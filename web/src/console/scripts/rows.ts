/** A block as it is drawn: its rows, how high it is, and where its arrows begin. All is reckoned, nothing measured: so 300 blocks cost little. */
import { handleOf, type Block, type Tone } from './doc';

export const WIDTH = 248;
export const HEAD = 34;
export const STAGE = 15;
export const LINE = 17;
export const ROW = 26;
const PAD = 14;
const PER_LINE = 34; // characters
const MOST_LINES = 3;

export interface Row {
  kind: 'answer' | 'way' | 'next' | 'fields' | 'sub' | 'end';
  handle: string; // "" where no arrow begins
  text: string;
  tone: Tone;
  to: string;
}

export interface Drawn {
  rows: Row[];
  text: string; // the beginning of what is said
  lines: number;
  head: number;
  height: number;
}

const known = new WeakMap<Block, Drawn>();

export function drawn(block: Block): Drawn {
  let found = known.get(block);
  if (!found) {
    found = draw(block);
    known.set(block, found);
  }
  return found;
}

function draw(block: Block): Drawn {
  const text = block.text.replace(/\s+/g, ' ').slice(0, 160);
  const lines = Math.min(MOST_LINES, Math.ceil(text.length / PER_LINE));
  const head = HEAD + (block.stage ? STAGE : 0);
  const rows = rowsOf(block);
  return { rows, text, lines, head, height: head + (lines ? lines * LINE + PAD : 0) + rows.length * ROW + 2 };
}

function rowsOf(block: Block): Row[] {
  const rows: Row[] = [];
  const plain = { handle: '', tone: 'neutral' as Tone, to: '' };
  if (block.sub) rows.push({ ...plain, kind: 'sub', text: block.sub });
  if (block.fields.length) {
    const text = block.fields.map((one) => (one.label || one.id) + (one.required ? '*' : '')).join(', ');
    rows.push({ ...plain, kind: 'fields', text });
  }
  for (const answer of block.answers) {
    const handle = handleOf({ by: 'answer', id: answer.id });
    rows.push({ kind: 'answer', handle, text: answer.text, tone: answer.tone, to: answer.to });
  }
  block.ways.forEach((way, at) => {
    rows.push({ kind: 'way', handle: handleOf({ by: 'way', at }), text: way.when, tone: 'neutral', to: way.to });
  });
  if (block.end) rows.push({ ...plain, kind: 'end', text: block.end });
  else if (block.next || block.ways.length || !block.answers.length) rows.push({ kind: 'next', handle: 'n', text: '', tone: 'neutral', to: block.next });
  return rows;
}

/** How far below the block's top an arrow begins. */
export function handleY(shape: Drawn, at: number): number {
  return shape.height - 1 - (shape.rows.length - at) * ROW + ROW / 2;
}
