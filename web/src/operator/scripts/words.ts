/** Texts of the parts that are loaded when they are opened: plan, shelf, rehearsal. */
import { fill, type Params } from '../../lib/i18n';
import en from '../../locales/scripts.en.json';
import ru from '../../locales/scripts.ru.json';
import { prefs } from '../../state/prefs.svelte';

export type Word = keyof typeof ru;

export const w = (key: Word, params?: Params): string => fill(prefs.language === 'ru' ? ru : en, prefs.language, key, params) ?? key;
