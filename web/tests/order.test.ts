import { expect, test } from 'vitest';
import { Order } from '../src/lib/order';

test('a later frame of the stream is shown, an earlier or equal one is not', () => {
  const order = new Order();
  expect(order.accept('a', 3)).toBe(true);
  expect(order.accept('a', 3)).toBe(false);
  expect(order.accept('a', 2)).toBe(false);
  expect(order.accept('a', 4)).toBe(true);
});

test('a new daemon begins its count anew, and late answers of the old one are dropped', () => {
  const order = new Order();
  order.accept('old', 900);
  expect(order.accept('new', 1)).toBe(true);
  expect(order.accept('old', 901)).toBe(false);
  expect(order.accept('new', 2)).toBe(true);
});

test('whatever order the frames of one stream come in, the last one shown is the highest', () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 500; round += 1) {
    const frames = Array.from({ length: 12 }, (_, n) => n).sort(() => random() - 0.5);
    const order = new Order();
    const shown = frames.filter((seq) => order.accept('s', seq));
    expect(shown.at(-1)).toBe(11);
    expect([...shown].sort((a, b) => a - b)).toEqual(shown);
  }
});
