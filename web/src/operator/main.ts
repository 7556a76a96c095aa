import { mount } from 'svelte';
import '../ui/page.css';
import { prefs } from '../state/prefs.svelte';
import App from './App.svelte';

await prefs.start('page');
const target = document.getElementById('app');
const page = new URLSearchParams(location.search).has('rehearse') ? (await import('./scripts/Rehearse.svelte')).default : App;
if (target) mount(page, { target });
