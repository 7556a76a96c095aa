/** Texts in the operator's language. Keys are typed by the Russian catalogue; a test holds the English one to the same keys. */
import type ru from '../locales/ru.json';
import type { Language } from './view';

export type Key = keyof typeof ru;
export type Params = Record<string, string | number>;
type Forms = Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, string | Forms>;

export const languages: readonly Language[] = ['ru', 'en'];

/** A text filled in: `{name}` from params; forms of plural are chosen by params.n. Null if there is no such key. */
export function fill(catalogue: Catalogue, language: Language, key: string, params: Params = {}): string | null {
  const entry = catalogue[key];
  if (entry === undefined) return null;
  const form = typeof entry === 'string' ? entry : pick(entry, language, Number(params.n ?? 0));
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

function pick(forms: Forms, language: Language, n: number): string {
  return forms[new Intl.PluralRules(language).select(n)] ?? forms.other ?? forms.many ?? '';
}

export async function load(language: Language): Promise<Catalogue> {
  const module = language === 'ru' ? await import('../locales/ru.json') : await import('../locales/en.json');
  return module.default as Catalogue;
}

/** The language before anybody has logged in. */
export function guess(): Language {
  return document.documentElement.lang === 'ru' ? 'ru' : 'en';
}
