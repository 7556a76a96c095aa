import { mount } from 'svelte';
import '../ui/page.css';
import { prefs } from '../state/prefs.svelte';
import App from './App.svelte';

await prefs.start('page');
const target = document.getElementById('app');
if (target) mount(App, { target });
