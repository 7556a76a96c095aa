import { expect, test } from 'vitest';
import type { ArrowFigures, ScriptStatistics } from '../src/lib/api.gen';
import { daysAgo, read, write } from '../src/console/learnt/query';
import { newAnswer, newBlock, type Doc } from '../src/console/scripts/doc';
import { drawnEdges, edgeOf, through } from '../src/console/scripts/learnt';

test('filters stand in the address and are read back', () => {
  const filters = { text: 'у нас тендер & co', script: '7', block: '' };
  expect(read(write(filters))).toEqual({ text: 'у нас тендер & co', script: '7' });
  expect(write({ b: '1', a: '2' })).toBe('a=2&b=1');
  expect(write({})).toBe('');
});

test('days are counted back by the calendar', () => {
  const now = new Date(2026, 2, 1, 23, 59);
  expect(daysAgo(0, now)).toBe('2026-03-01');
  expect(daysAgo(1, now)).toBe('2026-02-28');
});

const hello = newBlock('hello', {
  answers: [newAnswer('yes', { to: 'offer' }), newAnswer('hm')],
  ways: [{ when: 'true', to: 'far' }],
  next: 'offer',
});
const doc = {
  script: { start: 'hello', blocks: [hello, newBlock('offer', { end: 'end' }), newBlock('far', { end: 'end' })] },
  layout: {},
} as unknown as Doc;
const arrow = (more: Partial<ArrowFigures>): ArrowFigures => ({
  block: 'hello', kind: 'answer', answer: 'yes', text: '', to: 'offer', taken: 1, lost: 0, ...more,
});

test('a counted step went by the arrow of its answer, else by the one of the block', () => {
  expect(edgeOf(hello, arrow({}))).toBe('hello a:yes');
  expect(edgeOf(hello, arrow({ answer: 'hm' }))).toBe('hello n');
  expect(edgeOf(hello, arrow({ answer: 'hm', to: 'far' }))).toBe('hello w:0');
  expect(edgeOf(hello, arrow({ kind: 'none', answer: '' }))).toBe('hello n');
  expect(edgeOf(hello, arrow({ kind: 'none', to: 'hello' }))).toBeNull();
  expect(edgeOf(hello, arrow({ kind: 'jump' }))).toBeNull();
});

test('arrows are as wide as they were taken often', () => {
  const statistics = {
    arrows: [arrow({ taken: 10 }), arrow({ answer: 'hm', taken: 3, lost: 3 }), arrow({ kind: 'none', answer: '', taken: 2 }), arrow({ block: 'gone' })],
  } as ScriptStatistics;
  expect([...through(doc, statistics)]).toEqual([
    ['hello a:yes', { taken: 10, lost: 0 }],
    ['hello n', { taken: 5, lost: 3 }],
  ]);
  const edges = drawnEdges(doc, statistics, (found) => String(found.taken));
  expect(edges.map((edge) => [edge.id, edge.class, edge.label])).toEqual([
    ['hello a:yes', 'taken', '10'],
    ['hello w:0', 'untaken', undefined],
    ['hello n', 'taken', '5'],
  ]);
  expect(edges[2]?.style).toContain('var(--red) 60%');
});
