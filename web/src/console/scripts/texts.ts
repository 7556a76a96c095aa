import type { Catalogue } from '../../lib/i18n';
import type { Language } from '../../lib/view';

export async function texts(language: Language): Promise<Catalogue> {
  const part = language === 'ru' ? import('../../locales/editor.ru.json') : import('../../locales/editor.en.json');
  return (await part).default as Catalogue;
}
