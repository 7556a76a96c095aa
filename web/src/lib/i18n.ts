/** Texts in the reader's language. Keys are typed by the Russian catalogues; a test holds the English ones to the same keys. */
import type consoleRu from '../locales/console.ru.json';
import type editorRu from '../locales/editor.ru.json';
import type learntRu from '../locales/learnt.ru.json';
import type ru from '../locales/ru.json';
import type { Language } from './view';

export type Key = keyof typeof ru | keyof typeof consoleRu | keyof typeof editorRu | keyof typeof learntRu;
/** What a page has to say: the operator's page is not kept waiting for the console's texts. */
export type Part = 'page' | 'console';
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

export async function load(language: Language, part: Part = 'page'): Promise<Catalogue> {
  const common = language === 'ru' ? import('../locales/ru.json') : import('../locales/en.json');
  if (part === 'page') return (await common).default as Catalogue;
  const more = language === 'ru' ? import('../locales/console.ru.json') : import('../locales/console.en.json');
  return { ...(await common).default, ...(await more).default } as Catalogue;
}

/** The language before anybody has logged in. */
export function guess(): Language {
  return document.documentElement.lang === 'ru' ? 'ru' : 'en';
}
