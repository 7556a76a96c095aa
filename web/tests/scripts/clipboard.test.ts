import { expect, test } from 'vitest';
import { copied, pasted } from '../../src/console/scripts/clipboard';
import { block, blockIds, fieldIds } from '../../src/console/scripts/doc';
import { doc, small } from './made';

test('within one script copies get ids of their own, and lead to each other or to where the originals led', () => {
  const text = copied(small(), new Set(['hello', 'order']), 1);
  const done = pasted(small(), text, 1);
  expect(done?.ids).toEqual(['hello_2', 'order_2']);
  const now = done!.doc;
  expect(block(now, 'hello_2')?.answers.map((one) => one.to)).toEqual(['order_2', 'bye']);
  expect(fieldIds(now.script)).toEqual(['size', 'size_2']);
  expect(block(now, 'hello_2')?.text).toContain('{{field.size_2 |');
  expect(block(now, 'hello')?.text).toContain('{{field.size |');
  expect(now.layout['hello_2']).toEqual([40, 40]);
});

test('in another script what led outside of the copy leads nowhere', () => {
  const text = copied(small(), new Set(['order', 'who']), 1);
  const now = pasted(doc([]), text, 2, [100, 50])!.doc;
  expect(blockIds(now.script)).toEqual(['order', 'who']);
  expect(block(now, 'order')).toMatchObject({ next: '', ways: [] });
  expect(block(now, 'who')?.next).toBe('return');
  expect(now.layout).toEqual({ order: [500, 50], who: [100, 450] });
});

test('what is no copy of ours is left alone', () => {
  for (const text of ['', 'words', '{}', '{"format":"callwright.blocks/1","blocks":[]}', 'null', '[1]'])
    expect(pasted(small(), text, 1)).toBeNull();
});
