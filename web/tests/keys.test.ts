import { expect, test } from 'vitest';
import { action, Throttle, type Press } from '../src/lib/keys';

const press = (code: string, more: Partial<Press> = {}): Press => ({
  code,
  shift: false,
  ctrl: false,
  alt: false,
  inField: false,
  singleKeys: true,
  ...more,
});

test.each([
  ['Digit1', {}, { do: 'answer', index: 0 }],
  ['Numpad9', {}, { do: 'answer', index: 8 }],
  ['Digit0', {}, { do: 'none' }],
  ['KeyQ', {}, { do: 'jump', index: 0 }],
  ['KeyR', {}, { do: 'jump', index: 3 }],
  ['KeyH', {}, { do: 'hold' }],
  ['KeyT', {}, { do: 'third' }],
  ['KeyG', {}, { do: 'together' }],
  ['KeyB', {}, { do: 'clientBack' }],
  ['KeyD', {}, { do: 'digits' }],
  ['Backspace', {}, { do: 'back' }],
  ['Escape', {}, { do: 'return' }],
  ['Digit2', { shift: true }, { do: 'callback', minutes: 30 }],
  ['F1', {}, { do: 'help' }],
  ['F2', {}, { do: 'primary' }],
  ['F4', {}, { do: 'results' }],
  ['F8', {}, { do: 'mute' }],
  ['F8', { shift: true }, { do: 'pause' }],
  ['F9', {}, { do: 'hangup' }],
  ['Enter', { ctrl: true }, { do: 'save' }],
  ['NumpadEnter', { ctrl: true }, { do: 'save' }],
] as const)('%s %o', (code, more, expected) => {
  expect(action(press(code, more))).toEqual(expected);
});

test('inside a field characters are typed; function keys and Ctrl+Enter still act', () => {
  for (const code of ['Digit1', 'Digit0', 'KeyQ', 'KeyH', 'KeyT', 'Backspace', 'Escape', 'Enter']) {
    expect(action(press(code, { inField: true }))).toBeNull();
  }
  expect(action(press('Digit1', { inField: true, shift: true }))).toBeNull();
  expect(action(press('F9', { inField: true }))).toEqual({ do: 'hangup' });
  expect(action(press('Enter', { inField: true, ctrl: true }))).toEqual({ do: 'save' });
});

test('the browser keeps its own keys', () => {
  for (const code of ['F3', 'F5', 'F6', 'F7', 'F10', 'F11', 'F12', 'Tab', 'Enter', 'Space']) {
    expect(action(press(code))).toBeNull();
  }
  expect(action(press('Digit1', { ctrl: true }))).toBeNull();
  expect(action(press('KeyQ', { alt: true }))).toBeNull();
  expect(action(press('KeyR', { ctrl: true }))).toBeNull();
});

test('single-character keys can be switched off, the others stay', () => {
  for (const code of ['Digit1', 'Digit0', 'KeyQ']) expect(action(press(code, { singleKeys: false }))).toBeNull();
  expect(action(press('Digit1', { singleKeys: false, shift: true }))).toBeNull();
  expect(action(press('F2', { singleKeys: false }))).toEqual({ do: 'primary' });
  expect(action(press('Backspace', { singleKeys: false }))).toEqual({ do: 'back' });
});

test('a repeat within 400 ms is dropped, another action is not', () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  expect(throttle.allows('a')).toBe(true);
  now = 399;
  expect(throttle.allows('a')).toBe(false);
  expect(throttle.allows('b')).toBe(true);
  now = 400;
  expect(throttle.allows('a')).toBe(true);
});
