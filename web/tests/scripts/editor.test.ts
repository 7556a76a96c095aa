import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { patchBlock } from '../../src/console/scripts/edits';
import { Editor } from '../../src/console/scripts/editor.svelte';
import { small } from './made';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A server with one draft, which answers a save by `status`. */
function server(): { status: number; code: string; title: () => string } {
  const draft = { ...small(), revision: 1, version: 0, changed: true, findings: [], edited_at: null };
  const state = { status: 200, code: 'disk_full', title: () => draft.script.blocks[0]?.title ?? '' };
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (init.method !== 'POST') return Response.json(draft);
    if (path.includes('/check')) return Response.json({ findings: [] });
    if (state.status !== 200) return Response.json({ code: state.code, params: { who: 'Ann', when: '2026-11-22T09:00:00Z', revision: 2 } }, { status: state.status });
    Object.assign(draft, JSON.parse(String(init.body)), { revision: draft.revision + 1 });
    return Response.json(draft);
  });
  return state;
}

test.each([[500, 'disk_full', 'failed'], [409, 'draft_stale', 'stale']])('words that %i kept from the server are offered when the script is opened again', async (status, code, saving) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const there = server();
  Object.assign(there, { status, code });
  const first = new Editor(status);
  await first.open();
  first.edit((doc) => patchBlock(doc, 'hello', { title: 'Words' }));
  expect(await first.flush()).toBe(false);
  expect(first.saving).toBe(saving);
  first.close();
  await vi.advanceTimersByTimeAsync(30_000);

  there.status = 200;
  const next = new Editor(status);
  await next.open();
  await vi.waitFor(() => expect(next.left?.value.script.blocks[0]?.title).toBe('Words'));
  next.putBack();
  expect(next.left).toBeNull();
  expect(await next.flush()).toBe(true);
  expect(there.title()).toBe('Words');
  next.undo();
  expect(next.history.now.script.blocks[0]?.title).toBe('Приветствие');
  next.close();
});
