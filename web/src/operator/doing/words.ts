/** Texts of what scripts do: tasks, refused actions, web hooks; loaded with the first part that is opened. */
import { fill, type Params } from '../../lib/i18n';
import en from '../../locales/doing.en.json';
import ru from '../../locales/doing.ru.json';
import { prefs } from '../../state/prefs.svelte';

export type Word = keyof typeof ru;

export const w = (key: Word, params?: Params): string => fill(prefs.language === 'ru' ? ru : en, prefs.language, key, params) ?? key;
