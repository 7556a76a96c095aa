import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import type { Review } from '../../src/lib/api.gen';
import { Writing } from '../../src/console/reviews/writing.svelte';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a review that was not saved is sent again after 5 s, and nothing is sent twice', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const sent: unknown[] = [];
  const answers = [500, 200];
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => {
    sent.push(JSON.parse(String(body)));
    return new Response('{"id": 7}', { status: answers[sent.length - 1] ?? 200 });
  });
  const put: Review[] = [];
  const own = new Writing((review) => put.push(review));
  const card = { scores: {}, marks: [], comment: '' };
  own.open({ id: 7, card } as unknown as Review, 1);
  own.change({ ...card, comment: 'words' });
  await vi.advanceTimersByTimeAsync(700);
  expect([own.saved, own.problem?.status, put.length]).toEqual([false, 500, 0]);
  await vi.advanceTimersByTimeAsync(6_000);
  expect([own.saved, own.problem, put.length]).toEqual([true, null, 1]);
  own.close();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sent).toEqual([1, 2].map(() => ({ card: { ...card, comment: 'words' }, give: false })));
});
