import { expect, test } from 'vitest';
import { bodyOf, bodyText, newAction } from '../../src/console/scripts/actions';
import { block, freeId, newBlock, outletOf } from '../../src/console/scripts/doc';
import * as edits from '../../src/console/scripts/edits';
import { small } from './made';

test('what a change does not touch stays the same object', () => {
  const before = small();
  const after = edits.patchBlock(before, 'order', { title: 'Другое' });
  expect(block(after, 'hello')).toBe(block(before, 'hello'));
  expect(after.layout).toBe(before.layout);
  expect(block(before, 'order')?.title).toBe('Заказ');
});

test('a block that goes takes every arrow to it along', () => {
  const after = edits.removeBlocks(small(), ['bye']);
  expect(block(after, 'hello')?.answers.map((one) => one.to)).toEqual(['order', '']);
  expect(block(after, 'order')).toMatchObject({ next: '', ways: [] });
  expect(Object.keys(after.layout)).toEqual(['hello', 'order', 'who']);
  expect(edits.removeBlocks(small(), ['hello']).script.start).toBe('order');
});

test('parts that the editor does not know stay in the block', () => {
  const before = edits.addBlock(small(), { ...newBlock('x'), later: [1] } as never, [3, 14]);
  const after = edits.renameBlock(edits.patchBlock(before, 'x', { title: 'X' }), 'x', 'y');
  expect(block(after, 'y')).toMatchObject({ later: [1], title: 'X' });
  expect(after.layout['y']).toEqual([0, 10]);
});

test('arrows are led from each kind of outlet', () => {
  let now = small();
  for (const [handle, to] of [['a:yes', 'who'], ['w:0', 'who'], ['n', 'who']] as const) {
    const from = handle === 'a:yes' ? 'hello' : 'order';
    now = edits.connect(now, from, outletOf(handle), to);
  }
  expect(block(now, 'hello')?.answers[0]?.to).toBe('who');
  expect(block(now, 'order')).toMatchObject({ next: 'who', ways: [{ to: 'who' }] });
});

test('a new name of a block or a field is followed everywhere', () => {
  const blocks = edits.renameBlock(small(), 'bye', 'end_of_it');
  expect(block(blocks, 'hello')?.answers[1]?.to).toBe('end_of_it');
  expect(edits.renameBlock(small(), 'bye', 'hello')).toEqual(small());
  const fields = edits.renameField(small(), 'size', 'measure');
  expect(block(fields, 'hello')?.text).toBe('Здравствуйте, {{field.measure | вы}}!');
  expect(block(fields, 'order')?.ways[0]?.when).toBe("field.measure == 'xl' && field.size_2 != 1");
});

test('ids are made of words and are free', () => {
  expect(freeId('Куда везём?', [], 'block')).toBe('kuda_vezem');
  expect(freeId('Order', ['order', 'order_2'], 'block')).toBe('order_3');
  expect(freeId('12', [], 'block')).toBe('block');
  expect(freeId('return', [], 'block')).toBe('return_2');
  expect(freeId('Очень длинное название блока про доставку', [], 'b').length).toBeLessThan(40);
});

test('the order of a list', () => {
  expect(edits.shifted(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
  expect(edits.shifted(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c']);
  expect(edits.shifted(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c']);
});

test('an action begins with every part that the server knows, and a web hook says its body in lines', () => {
  expect(newAction('web_hook')).toEqual({ do: 'web_hook', hook: '', body: [], when: '' });
  expect(newAction('callback')).toEqual({ do: 'callback', date: '', time: '', minutes: 0, when: '' });
  const body = [{ key: 'who', value: '{{client.name}}' }, { key: 'at', value: '12:30' }];
  expect(bodyOf(bodyText(body))).toEqual(body);
});
