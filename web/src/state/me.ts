/** Who is logged in, and what they chose about the page. */
import { get, post, Problem } from '../lib/api';
import type { Me as Described } from '../lib/api.gen';
import type { Language, Narrowed, Theme } from '../lib/view';
import { prefs } from './prefs.svelte';

export type Me = Narrowed<Described, { language: Language; theme: Theme }>;

export function toLogin(): void {
  location.assign('/login');
}

/** Null after sending an unknown visitor to the login page. */
export async function whoAmI(): Promise<Me | null> {
  try {
    const me = await get<Me>('/api/v1/me');
    prefs.setTheme(me.theme);
    if (me.language !== prefs.language) await prefs.setLanguage(me.language);
    return me;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      toLogin();
      return null;
    }
    throw error;
  }
}

/** Applied here at once; the server is told, and a failure to tell it is not worth a word. */
export function choose(what: { language?: Language; theme?: Theme; single_keys?: boolean }): void {
  if (what.theme) prefs.setTheme(what.theme);
  if (what.single_keys !== undefined) prefs.singleKeys = what.single_keys;
  if (what.language) void prefs.setLanguage(what.language);
  void post('/api/v1/me', what).catch(() => undefined);
}

export async function logout(): Promise<void> {
  await post('/api/v1/logout', {}).catch(() => undefined);
  toLogin();
}
