import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import { Autosave } from '../src/lib/autosave';
import { pause } from '../src/lib/backoff';
import { ServerClock } from '../src/lib/clock';
import { openWords } from '../src/lib/words';

test('typing is sent once, with the latest value, within a second of the first change', async () => {
  vi.useFakeTimers();
  const sent: string[] = [];
  const autosave = new Autosave<string>(async (value) => void sent.push(value));
  for (const value of ['a', 'ab', 'abc']) {
    autosave.change(value);
    await vi.advanceTimersByTimeAsync(300);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual(['ab', 'abc']);
  vi.useRealTimers();
});

test('a newer value never overtakes an older one', async () => {
  const log: string[] = [];
  let release = (): void => undefined;
  const autosave = new Autosave<string>(async (value) => {
    log.push(`begin ${value}`);
    if (value === 'old') await new Promise<void>((done) => (release = done));
    log.push(`end ${value}`);
  });
  autosave.change('old');
  const first = autosave.flush();
  autosave.change('new');
  const second = autosave.flush();
  await Promise.resolve();
  release();
  await Promise.all([first, second]);
  expect(log).toEqual(['begin old', 'end old', 'begin new', 'end new']);
});

test('what was typed outlives the page', async () => {
  await openWords<string>('w').set('work 1', 'half a sent');
  const later = openWords<string>('w');
  expect(await later.get('work 1')).toBe('half a sent');
  await later.remove('work 1');
  expect(await later.get('work 1')).toBeUndefined();
});

test("the server's clock: the quickest frame tells it best", () => {
  let local = 1_000;
  const clock = new ServerClock(() => local);
  const server = (at: number): string => new Date(at + 50_000).toISOString();
  clock.learn(server(1_000 - 80)); // 80 ms on its way
  expect(clock.now()).toBe(50_920);
  clock.learn(server(1_000 - 5));
  expect(clock.now()).toBe(50_995);
  local = 2_000;
  clock.learn(server(2_000 - 300));
  expect(clock.now()).toBe(51_995);
  clock.learn('nonsense');
  expect(clock.now()).toBe(51_995);
});

test('pauses double up to 8 s, with jitter', () => {
  expect([0, 1, 2, 3, 9, 40].map((attempt) => pause(attempt, () => 0.5))).toEqual([250, 500, 1000, 2000, 8000, 8000]);
  expect(pause(3, () => 0)).toBe(1600);
  expect(pause(3, () => 1)).toBe(2400);
});
