import { mount } from 'svelte';
import '../ui/page.css';
import { prefs } from '../state/prefs.svelte';
import App from './App.svelte';

await prefs.start('page');
const target = document.getElementById('app');
const rehearse = new URLSearchParams(location.search).has('rehearse');
// Not awaited: what is loaded then may import this very module, and would wait for it.
if (target && rehearse) void import('./scripts/Rehearse.svelte').then((page) => mount(page.default, { target }));
else if (target) mount(App, { target });
