import { expect, test } from 'vitest';
import { Doer } from '../../src/console/scripts/commands';
import type { Editor } from '../../src/console/scripts/editor.svelte';
import { newAnswer, newBlock } from '../../src/console/scripts/doc';
import { addBlock, connect, patchBlock } from '../../src/console/scripts/edits';
import { neighbour, search, turn } from '../../src/console/scripts/find';
import { toEdges, toNodes } from '../../src/console/scripts/flow';
import { arranged, completed, freePlace, overlaps } from '../../src/console/scripts/layout';
import { drawn, handleY, WIDTH } from '../../src/console/scripts/rows';
import { doc, small } from './made';

const marks = { counts: new Map(), selected: new Set<string>(), here: '' };

test('only what has changed is drawn anew', () => {
  const before = toNodes(small(), marks, []);
  const one = small();
  const nodes = toNodes(one, marks, []);
  const after = toNodes(patchBlock(one, 'order', { title: 'Другой' }), marks, nodes);
  expect(after.map((node, at) => node === nodes[at])).toEqual([true, false, true, true]);
  expect(before).toHaveLength(4);
  expect(toEdges(one).map((edge) => edge.id)).toEqual(['hello a:yes', 'hello a:no', 'order w:0', 'order n']);
  expect(toEdges(connect(one, 'hello', { by: 'answer', id: 'yes' }, 'nobody')).map((edge) => edge.target)).not.toContain('nobody');
});

test('arrows begin within their block, at rows that do not overlap', () => {
  const block = newBlock('x', { stage: 'S', text: 'w '.repeat(99), answers: [1, 2, 3].map((n) => newAnswer(`a${n}`)) });
  const shape = drawn(block);
  const places = shape.rows.map((_, at) => handleY(shape, at));
  expect(places).toEqual([...places].sort((one, other) => one - other));
  expect(places[0]).toBeGreaterThan(shape.head + shape.lines * 17);
  expect(places.at(-1)).toBeLessThan(shape.height);
});

test('a scheme is arranged from left to right, without blocks upon each other, jumps below', async () => {
  const blocks = Array.from({ length: 30 }, (_, at) =>
    newBlock(`b${at}`, { title: `B${at}`, answers: [at + 1, at + 3].filter((to) => to < 30).map((to) => newAnswer(`a${to}`, { to: `b${to}` })) }),
  );
  const one = doc([...blocks, newBlock('aside', { next: 'return' })]);
  const whole = { ...one, script: { ...one.script, jumps: [{ id: 'q', text: '?', to: 'aside' }] } };
  const layout = await arranged(whole);
  for (const block of whole.script.blocks)
    for (const other of whole.script.blocks) {
      if (block.id >= other.id) continue;
      const [[x, y], [u, v]] = [layout[block.id]!, layout[other.id]!];
      const apart = Math.abs(x - u) >= WIDTH || y + drawn(block).height <= v || v + drawn(other).height <= y;
      expect(apart, `${block.id} ${other.id}`).toBe(true);
    }
  expect(layout['b0']![0]).toBeLessThan(layout['b1']![0]);
  expect(layout['aside']![1]).toBeGreaterThan(Math.max(...blocks.map((block) => layout[block.id]![1])));
});

test('blocks keep their places, and new ones come to a free one', async () => {
  const one = small();
  expect(await completed(one)).toBe(one.layout);
  const { who: _, ...known } = one.layout;
  const layout = await completed({ ...one, layout: known });
  expect(layout).toMatchObject(known);
  expect(layout['who']![1]).toBeGreaterThan(100);
  expect(freePlace(one, [2000, 0])).toEqual([2000, 0]);
});

test('a new block has room to be written in, and one that grows over another is told of', async () => {
  const written = { stage: 'S', text: 'w '.repeat(99), answers: [1, 2, 3, 4].map((n) => newAnswer(`a${n}`, { text: 'x' })) };
  let one = doc([newBlock('hello')], { hello: [0, 0] });
  for (const id of ['order', 'later']) one = addBlock(one, newBlock(id), freePlace(one, [358, 0]));
  one = patchBlock(one, 'order', written);
  expect(['order', 'later'].map((id) => overlaps(one, id))).toEqual([false, false]);
  one = patchBlock(one, 'order', { answers: Array.from({ length: 12 }, (_, n) => newAnswer(`b${n}`)) });
  expect(['hello', 'order', 'later'].map((id) => overlaps(one, id))).toEqual([false, true, true]);
  expect(overlaps({ ...one, layout: await arranged(one) }, 'order')).toBe(false);
  const tall = doc([newBlock('low', { text: 'x' }), newBlock('high', { ...one.script.blocks[1], id: 'high' })], { low: [0, 300] });
  expect(overlaps({ ...tall, layout: await completed(tall) }, 'high')).toBe(false);
});

test('all blocks are selected, in sight or not', () => {
  const many = doc(Array.from({ length: 300 }, (_, at) => newBlock(`b${at}`)));
  const chosen: string[] = [];
  const editor = { doc: many, select: (ids: Iterable<string>) => chosen.push(...ids) } as unknown as Editor;
  new Doer(editor, { zoom: () => undefined, middle: () => [0, 0] }, () => undefined).carryOut({ do: 'all' });
  expect(toNodes(many, { ...marks, selected: new Set(chosen) }, toNodes(many, marks, [])).every((node) => node.selected)).toBe(true);
});

test('search looks at titles, texts, answers, fields and conditions', () => {
  const found = (words: string): [string, string][] => search(small(), words).map((hit) => [hit.id, hit.where]);
  expect(found('ПРИВЕТ')).toEqual([['hello', 'title']]);
  expect(found('здравствуйте')).toEqual([['hello', 'text']]);
  expect(found('нет')).toEqual([['hello', 'answer']]);
  expect(found('размер')).toEqual([['order', 'field']]);
  expect(found('size_2')).toEqual([['order', 'condition']]);
  expect(found('  ')).toEqual([]);
});

test('the arrow keys lead to what lies there, and the order of the script goes round', () => {
  const one = small();
  expect(neighbour(one, 'hello', 'right')).toBe('order');
  expect(neighbour(one, 'bye', 'left')).toBe('order');
  expect(neighbour(one, 'hello', 'down')).toBe('who');
  expect(neighbour(one, 'hello', 'left')).toBeNull();
  expect(neighbour(one, 'nobody', 'left')).toBe('hello');
  expect([turn(one, 'who', 1), turn(one, 'hello', -1), turn(doc([]), '', 1)]).toEqual(['hello', 'who', null]);
});
