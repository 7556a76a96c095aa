import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import { openWords } from '../src/lib/words';
import { Keep, mayLeave, type Kept } from '../src/console/kept';

interface Doc {
  text: string;
  n?: number;
}
const words = openWords<Kept<Doc>>('kept');
const keep = (key: string): Keep<Doc> => new Keep<Doc>(key, words);

test('what could not be saved is offered by the next page, until it is saved', async () => {
  const first = keep('script 1 5');
  first.change({ text: 'unsaved' }, 3);
  await first.flush();
  const next = keep('script 1 5');
  expect(await next.look({ text: 'old' })).toMatchObject({ value: { text: 'unsaved' }, revision: 3 });
  expect(await keep('script 2 5').look({ text: 'old' }), "another one's words are not shown").toBeNull();
  next.decided();
  await next.saved();
  expect(await keep('script 1 5').look({ text: 'old' })).toBeNull();
});

test('what the server has already is not offered', async () => {
  const first = keep('a');
  first.change({ text: 'same', n: 1 }, 1);
  await first.flush();
  expect(await keep('a').look({ n: 1, text: 'same' })).toBeNull();
});

test('writing on does not lose what is still offered, nor does a save', async () => {
  const first = keep('b');
  first.change({ text: 'one' }, 1);
  await first.flush();
  const second = keep('b');
  await second.look({ text: 'server' });
  second.change({ text: 'two' }, 1);
  await second.flush();
  const third = keep('b');
  expect((await third.look({ text: 'server' }))?.value.text).toBe('two');
  expect(third.decided()?.value.text).toBe('one');
  await third.saved();
  const fourth = keep('b');
  expect((await fourth.look({ text: 'two' }))?.value.text).toBe('one');
});

test('one leaves at once when all is sent, and is asked when that fails or takes too long', async () => {
  const ask = vi.fn(() => false);
  expect(await mayLeave(async () => true, ask)).toBe(true);
  expect(ask).not.toHaveBeenCalled();
  expect(await mayLeave(async () => false, ask)).toBe(false);
  expect(await mayLeave(() => new Promise<boolean>(() => undefined), () => true, 5)).toBe(true);
  expect(ask).toHaveBeenCalledTimes(1);
});
