/** Texts of trials and access, which are loaded when they are opened. */
import { fill, type Params } from '../../lib/i18n';
import en from '../../locales/trials.en.json';
import ru from '../../locales/trials.ru.json';
import { prefs } from '../../state/prefs.svelte';

export type Word = keyof typeof ru;

export const w = (key: Word, params?: Params): string => fill(prefs.language === 'ru' ? ru : en, prefs.language, key, params) ?? key;
