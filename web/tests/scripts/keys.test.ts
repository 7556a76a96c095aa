import { expect, test } from 'vitest';
import { command, type Press } from '../../src/console/scripts/keys';

const press = (code: string, more: Partial<Press> = {}): ReturnType<typeof command> =>
  command({ code, shift: false, ctrl: false, alt: false, at: 'scheme', singleKeys: true, ...more });

test('on the scheme', () => {
  expect(press('KeyA')).toEqual({ do: 'add' });
  expect(press('ArrowUp')).toEqual({ do: 'go', to: 'up' });
  expect(press('ArrowUp', { shift: true })).toEqual({ do: 'move', to: 'up' });
  expect(press('Delete')).toEqual({ do: 'remove' });
  expect(press('KeyA', { ctrl: true })).toEqual({ do: 'all' });
  expect(press('KeyA', { alt: true })).toBeNull();
  expect(press('KeyA', { ctrl: true, at: 'page' }), 'not the text that happens to be drawn').toEqual({ do: 'all' });
});

test('in a field letters are letters, and undo is still ours', () => {
  const at = 'field' as const;
  for (const code of ['KeyA', 'KeyL', 'ArrowUp', 'Delete', 'Backspace', 'Enter', 'Home']) expect(press(code, { at })).toBeNull();
  expect(press('KeyA', { at, ctrl: true })).toBeNull();
  expect(press('KeyZ', { at, ctrl: true })).toEqual({ do: 'undo' });
  expect(press('KeyZ', { at, ctrl: true, shift: true })).toEqual({ do: 'redo' });
  expect(press('Enter', { at, ctrl: true })).toEqual({ do: 'answer' });
  expect(press('Escape', { at })).toEqual({ do: 'canvas' });
});

test('elsewhere on the page only letters, if the user wants them', () => {
  expect(press('KeyL', { at: 'page' })).toEqual({ do: 'layout' });
  expect(press('KeyL', { at: 'page', singleKeys: false })).toBeNull();
  expect(press('Enter', { at: 'page' })).toBeNull();
  expect(press('ArrowDown', { at: 'page' })).toBeNull();
});
