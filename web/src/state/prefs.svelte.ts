/** Language and theme of this page, applied at once and remembered on this machine. */
import type { Problem } from '../lib/api';
import { duration } from '../lib/formats';
import { fill, guess, load, type Catalogue, type Key, type Params, type Part } from '../lib/i18n';
import type { Language, Theme } from '../lib/view';

type Loader = (language: Language) => Promise<Catalogue>;

class Prefs {
  language = $state<Language>('en');
  theme = $state<Theme>('system');
  singleKeys = $state(true);
  private catalogue = $state.raw<Catalogue>({});
  private atHand: Partial<Record<Language, Catalogue>> = {};
  private part: Part = 'page';
  private readonly lazy: Loader[] = [];

  /** `atHand`: catalogues that need not be loaded. */
  async start(part: Part, atHand: Partial<Record<Language, Catalogue>> = {}): Promise<void> {
    this.part = part;
    this.atHand = atHand;
    const theme = document.documentElement.dataset.theme;
    this.theme = theme === 'light' || theme === 'dark' ? theme : 'system';
    await this.setLanguage(guess());
  }

  async setLanguage(language: Language): Promise<void> {
    const texts = this.atHand[language] ?? (await load(language, this.part));
    const more = await Promise.all(this.lazy.map((loader) => loader(language)));
    this.catalogue = Object.assign({}, texts, ...more) as Catalogue;
    this.language = language;
    document.documentElement.lang = language;
    remember('callwright.language', language);
  }

  /** Texts of a part that is loaded when it is opened. */
  async add(loader: Loader): Promise<void> {
    if (this.lazy.includes(loader)) return;
    this.lazy.push(loader);
    this.catalogue = { ...this.catalogue, ...(await loader(this.language)) };
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    remember('callwright.theme', theme);
  }

  text(key: string, params?: Params): string | null {
    return fill(this.catalogue, this.language, key, params);
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is switched off: the server remembers for those who have logged in.
  }
}

export const prefs = new Prefs();

/** A text of ours by its typed key. */
export const t = (key: Key, params?: Params): string => prefs.text(key, params) ?? key;

/** A problem in words: ours where the page knows better, else the server's, which come in the reader's language. */
export function explain(problem: Problem): string {
  const seconds = duration(Number(problem.params.seconds ?? 0));
  const ours = prefs.text(`problem.${problem.code}`, { ...problem.params, time: seconds });
  const theirs = problem.message === problem.code ? null : problem.message;
  return ours ?? theirs ?? t('problem.other', { code: problem.code });
}

/** A text for a code that the server sent; a code we do not know yet is shown under a general text. */
export function coded(
  prefix: 'refusal' | 'outcome' | 'call' | 'role' | 'recording' | 'end' | 'end_reason' | 'pause' | 'control' | 'listening' | 'ending' | 'run_reason',
  code: string,
  params?: Params,
): string {
  return prefs.text(`${prefix}.${code}`, params) ?? prefs.text(`${prefix}.other`, { code, ...params }) ?? code;
}
