import { expect, test } from 'vitest';
import { partsOf, seesAll } from '../src/console/parts';

test('a reviewer is shown calls, what was said in them and reviews, and nothing else, and has no live picture to wait for', () => {
  expect(partsOf('reviewer')).toEqual(['calls', 'answers', 'reviews']);
  expect(seesAll('reviewer')).toBe(false);
});

test('an admin is shown what a supervisor is, the health page and the web hooks', () => {
  expect(partsOf('admin')).toEqual([...partsOf('supervisor'), 'health', 'hooks']);
  expect(seesAll('supervisor')).toBe(true);
});

test('the console is not for other roles', () => {
  for (const role of ['operator', 'courier', 'a new one']) expect(partsOf(role)).toEqual([]);
});
