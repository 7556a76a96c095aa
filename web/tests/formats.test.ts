import { expect, test } from 'vitest';
import { dateTime, duration, fromLocalInput, localTime, number, share, toLocalInput } from '../src/lib/formats';

test('durations', () => {
  expect(duration(0)).toBe('00:00');
  expect(duration(75.9)).toBe('01:15');
  expect(duration(3661)).toBe('1:01:01');
  expect(duration(-3)).toBe('00:00');
});

test('shares and numbers by language', () => {
  expect(share(19, 148, 'ru').replace(/\s/g, ' ')).toBe('12,8 %');
  expect(share(19, 148, 'en')).toBe('12.8%');
  expect(share(0, 0, 'ru')).toBe('–');
  expect(number(11_184, 'ru').replace(/\s/g, ' ')).toBe('11 184');
  expect(number(11_184, 'en')).toBe('11,184');
});

test("the client's time with its offset; an unknown zone is left out", () => {
  const at = Date.parse('2026-11-22T07:32:00Z');
  expect(localTime(at, 'Asia/Novosibirsk', 'ru')).toBe('14:32 (UTC+7)');
  expect(localTime(at, '', 'ru')).toBeNull();
  expect(localTime(at, 'Nowhere/City', 'ru')).toBeNull();
});

test('a date of another year has its year, and no time', () => {
  const now = new Date('2026-11-22T07:32:00Z');
  expect(dateTime('2026-11-20T16:05:00Z', 'ru', 'UTC', now)).toBe('20.11 16:05');
  expect(dateTime('2025-12-02T08:00:00Z', 'ru', 'UTC', now)).toBe('02.12.2025');
});

test('the callback field and back again', () => {
  const iso = '2026-11-22T07:32:00.000Z';
  expect(fromLocalInput(toLocalInput(iso))).toBe(iso);
  expect(fromLocalInput('')).toBeNull();
});
