/** How times, numbers and shares are written. Pure; the language is an argument. */
import type { Language } from './view';

const locale = (language: Language): string => (language === 'ru' ? 'ru-RU' : 'en-GB');

/** 75 s as `01:15`, 3,661 s as `1:01:01`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

export function number(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language)).format(value);
}

/** A share of a whole, one digit; a dash where there is nothing to divide by. */
export function share(part: number, whole: number, language: Language): string {
  if (!whole) return '–';
  return new Intl.NumberFormat(locale(language), { style: 'percent', maximumFractionDigits: 1 }).format(part / whole);
}

/** `20.11 16:05`; of another year than `now`'s the day alone, `02.12.2025`. */
export function dateTime(iso: string, language: Language, zone?: string, now = new Date()): string {
  const at = new Date(iso);
  const day: Intl.DateTimeFormatOptions = { day: '2-digit', month: '2-digit', timeZone: zone };
  const further: Intl.DateTimeFormatOptions =
    at.getFullYear() === now.getFullYear() ? { hour: '2-digit', minute: '2-digit' } : { year: 'numeric' };
  return new Intl.DateTimeFormat(locale(language), { ...day, ...further }).format(at).replace(',', '');
}

export function clockTime(at: number | string, language: Language, zone?: string): string {
  return new Intl.DateTimeFormat(locale(language), { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(
    new Date(at),
  );
}

/** The client's time as `14:32 (UTC+7)`, or null if the zone is unknown to this browser. */
export function localTime(at: number, zone: string, language: Language): string | null {
  if (!zone) return null;
  try {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(at);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
    return `${clockTime(at, language, zone)} (${name.replace('GMT', 'UTC')})`;
  } catch {
    return null; // an unknown zone name: the row is left out
  }
}

/** What `<input type=datetime-local>` wants: the browser's own time, to the minute. */
export function toLocalInput(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromLocalInput(value: string): string | null {
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
