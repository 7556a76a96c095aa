import { expect, test } from 'vitest';

/** `#call/…` opens one call; `#calls/…` lists a campaign's. */
test('who is shown with a call leads to that call', () => {
  const sources = import.meta.glob('../src/console/**/*.svelte', { query: '?raw', import: 'default', eager: true });
  const links = Object.values(sources).flatMap((source) => String(source).match(/#calls?\/\$?\{[^}]*call[^}]*\}/g) ?? []);
  expect(links.length).toBeGreaterThan(4);
  expect(links.filter((link) => !link.startsWith('#call/'))).toEqual([]);
});
