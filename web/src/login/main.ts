import { mount } from 'svelte';
import '../ui/page.css';
import en from '../locales/en.json?login';
import ru from '../locales/ru.json?login';
import { prefs } from '../state/prefs.svelte';
import Login from './Login.svelte';

// Both languages at hand: the form has the focus before the page counts as loaded, so that no letter typed at once is lost.
await prefs.start('page', { en, ru });
const target = document.getElementById('app');
if (target) mount(Login, { target });
