import { mount } from 'svelte';
import '../ui/page.css';
import { prefs } from '../state/prefs.svelte';
import Login from './Login.svelte';

await prefs.start();
const target = document.getElementById('app');
if (target) mount(Login, { target });
