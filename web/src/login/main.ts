import { mount } from 'svelte';
import '../ui/page.css';
import type { Catalogue } from '../lib/i18n';
import en from '../locales/en.json';
import ru from '../locales/ru.json';
import { prefs } from '../state/prefs.svelte';
import Login from './Login.svelte';

// Both languages at hand: the form has the focus before the page counts as loaded, so that no letter typed at once is lost.
await prefs.start('page', { en: en as Catalogue, ru: ru as Catalogue });
const target = document.getElementById('app');
if (target) mount(Login, { target });
