import { expect, test } from 'vitest';
import { begin, change, redo, STEPS, undo } from '../../src/console/scripts/history';

test('a hundred steps back and forth again', () => {
  let history = begin(0);
  for (let n = 1; n <= STEPS + 20; n += 1) history = change(history, n);
  for (let n = 0; n < STEPS + 50; n += 1) history = undo(history);
  expect(history.now).toBe(20);
  for (let n = 0; n < STEPS + 50; n += 1) history = redo(history);
  expect(history.now).toBe(STEPS + 20);
});

test('typing into one field is one step, a pause or another field begins a new one', () => {
  let history = change(begin('a'), 'ab', 'title', 100);
  history = change(history, 'abc', 'title', 900);
  history = change(history, 'abcd', 'text', 1_000);
  history = change(history, 'abcde', 'text', 9_000);
  expect(history.past).toEqual(['a', 'abc', 'abcd']);
});

test('a change after an undo forgets what was undone', () => {
  const history = change(undo(change(change(begin('a'), 'b'), 'c')), 'd');
  expect([history.past, history.now, history.future]).toEqual([['a', 'b'], 'd', []]);
  expect(redo(history)).toBe(history);
  expect(change(history, 'd')).toBe(history);
});

test('whatever is done, undo of all of it comes back to the beginning', () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 50; round += 1) {
    let history = begin(0);
    for (let n = 1; n < 60; n += 1) {
      const dice = random();
      history = dice < 0.6 ? change(history, n) : dice < 0.85 ? undo(history) : redo(history);
    }
    const { now } = history;
    const back = history.past.length;
    for (let n = 0; n < back; n += 1) history = undo(history);
    expect(history.now).toBe(0);
    for (let n = 0; n < back; n += 1) history = redo(history);
    expect(history.now).toBe(now);
  }
});
