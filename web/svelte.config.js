import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  onwarn(warning) {
    if (warning.filename?.includes('node_modules')) return; // another's source: nothing that we could mend
    throw new Error(`${warning.filename ?? ''}: ${warning.message}`);
  },
};
