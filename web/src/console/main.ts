import { mount } from 'svelte';
import '../ui/page.css';
import './console.css';
import { prefs } from '../state/prefs.svelte';
import App from './App.svelte';

await prefs.start('console');
const target = document.getElementById('app');
if (target) mount(App, { target });
