import { expect, test } from 'vitest';
import { newKey, post, Problem, type Wire } from '../src/lib/api';

type Reply = Response | 'lost';

/** A wire whose replies are given in advance; its clock moves only by waiting. */
function wire(replies: Reply[]): Wire & { keys: string[]; waited: number[] } {
  let now = 0;
  let made = 0;
  const keys: string[] = [];
  const waited: number[] = [];
  return {
    keys,
    waited,
    now: () => now,
    key: () => `key-${made++}`,
    sleep: async (ms) => {
      now += ms;
      waited.push(ms);
    },
    fetch: async (_path, init) => {
      keys.push(new Headers(init?.headers).get('Idempotency-Key') ?? '');
      const reply = replies.shift() ?? 'lost';
      if (reply === 'lost') throw new TypeError('network');
      return reply;
    },
  };
}

const ok = (): Response => Response.json({ fine: true });
const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ code, title: 'Words', params: { field: 'x' } }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });

test('after a network loss the same key is sent again', async () => {
  const line = wire(['lost', 'lost', ok()]);
  expect(await post('/x', {}, 10_000, line)).toEqual({ fine: true });
  expect(line.keys).toEqual(['key-0', 'key-0', 'key-0']);
  expect(line.waited.length).toBe(2);
});

test('pauses grow, and patience has an end', async () => {
  const line = wire([]);
  await expect(post('/x', {}, 5_000, line)).rejects.toMatchObject({ code: 'network' });
  expect(line.waited.reduce((sum, ms) => sum + ms, 0)).toBe(5_000);
  expect(line.waited[2]).toBeGreaterThan(line.waited[0] ?? 0);
});

test('a refusal is given at once with its code, params and words', async () => {
  const line = wire([problem(409, 'field_missing')]);
  const refusal = await post('/x', {}, 10_000, line).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Problem);
  expect(refusal).toMatchObject({ code: 'field_missing', params: { field: 'x' }, message: 'Words', status: 409 });
  expect(line.keys.length).toBe(1);
});

test("a proxy's 502 while the daemon starts again is no answer; the daemon's own 503 is", async () => {
  const line = wire([new Response('bad gateway', { status: 502 }), ok()]);
  expect(await post('/x', {}, 10_000, line)).toEqual({ fine: true });
  await expect(post('/x', {}, 10_000, wire([problem(503, 'store_unavailable')]))).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});

test('keys are UUIDs of version 4, each its own', () => {
  const keys = Array.from({ length: 100 }, newKey);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(keys).size).toBe(100);
});
