/** What is learnt of scripts has texts of its own, loaded with the first of its pages. */
import { untrack } from 'svelte';
import type { Catalogue } from '../../lib/i18n';
import type { Language } from '../../lib/view';
import { prefs } from '../../state/prefs.svelte';

export async function texts(language: Language): Promise<Catalogue> {
  const found = language === 'ru' ? import('../../locales/learnt.ru.json') : import('../../locales/learnt.en.json');
  return (await found).default as Catalogue;
}

/** A page, once its texts are here too. */
export async function learnt<Page>(page: () => Promise<Page>): Promise<Page> {
  const [loaded] = await Promise.all([page(), untrack(() => prefs.add(texts))]);
  return loaded;
}
