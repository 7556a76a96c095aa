import { expect, test, vi } from 'vitest';

test('what is unsaved holds its part of the console until the guard agrees', async () => {
  let changed = (): void => undefined;
  const place = { hash: '#scripts/5' };
  vi.stubGlobal('location', place);
  vi.stubGlobal('addEventListener', (_: string, then: () => void) => (changed = then));
  vi.stubGlobal('history', { replaceState: (...[, , hash]: [unknown, string, string]) => (place.hash = hash) });
  const { router } = await import('../src/console/route.svelte');
  const go = async (hash: string): Promise<string> => {
    place.hash = hash;
    changed();
    await new Promise((done) => setImmediate(done));
    return router.route.at;
  };
  let agrees = false;
  const free = router.hold(async () => agrees);
  expect(await go('#calls')).toBe('scripts');
  expect(place.hash).toBe('#scripts/5');
  agrees = true;
  expect(await go('#calls')).toBe('calls');
  agrees = false;
  free();
  expect(await go('#lines')).toBe('lines');
  vi.unstubAllGlobals();
});
