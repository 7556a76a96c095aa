import { mount } from 'svelte';
import '../ui/page.css';
import '../locales/en.json'; // at hand from the start: who types at once must not lose the first letter
import '../locales/ru.json';
import { prefs } from '../state/prefs.svelte';
import Login from './Login.svelte';

await prefs.start();
const target = document.getElementById('app');
if (target) mount(Login, { target });
