import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const here = import.meta.dirname;

/** The theme is set by a classic script before the first paint; its address carries its hash, so that caches never keep an old one. */
function hashedTheme(): Plugin {
  return {
    name: 'hashed-theme',
    transformIndexHtml(html) {
      const text = readFileSync(resolve(here, 'public/assets/theme.js'));
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
      return html.replace('/assets/theme.js', `/assets/theme.js?v=${hash}`);
    },
  };
}

/** wavesurfer writes an inline <style> into its shadow root, which our CSP refuses; the call page adopts a sheet of its own instead. */
function waveformWithoutInlineStyle(): Plugin {
  const style = /<style\$\{[\s\S]*?<\/style>/;
  return {
    name: 'waveform-without-inline-style',
    transform(code, id) {
      if (!/wavesurfer(\.esm)?\.js(\?|$)/.test(id) || !id.includes('wavesurfer.js/dist/')) return null;
      if (!style.test(code)) throw new Error('wavesurfer.js: its inline style is not where it was');
      return { code: code.replace(style, ''), map: null };
    },
  };
}

/** The login page speaks both languages at once: it carries only those of their texts that it says. */
function loginTexts(): Plugin {
  const said = /^(login|problem|theme|language|lang)\b/;
  return {
    name: 'login-texts',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith('.json?login')) return null;
      const texts = JSON.parse(readFileSync(id.replace('?login', ''), 'utf8')) as Record<string, unknown>;
      const kept = Object.fromEntries(Object.entries(texts).filter(([key]) => said.test(key)));
      return { code: `export default ${JSON.stringify(kept)};`, moduleType: 'js' };
    },
  };
}

/** Svelte Flow's map of the scheme hands its colours on by an inline style, which our CSP refuses; ours come from the style sheet. */
function minimapWithoutInlineStyle(): Plugin {
  const property = '--xy-minimap-background-color-props={bgColor}';
  return {
    name: 'minimap-without-inline-style',
    enforce: 'pre',
    transform(code, id) {
      if (!/@xyflow\/svelte\/.*\/Minimap\.svelte$/.test(id)) return null;
      if (!code.includes(property)) throw new Error('@xyflow/svelte: the inline style of its minimap is not where it was');
      return { code: code.replace(property, ''), map: null };
    },
  };
}

export default defineConfig({
  root: here,
  plugins: [svelte(), hashedTheme(), loginTexts(), waveformWithoutInlineStyle(), minimapWithoutInlineStyle()],
  build: {
    target: 'es2022',
    outDir: process.env.CALLWRIGHT_WEB_OUT ?? resolve(here, '../dialer/http/static'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: ['login', 'operator', 'console'].map((page) => resolve(here, `${page}.html`)),
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          // In one piece, though the parts that are loaded later use some of it: small pieces are packed worse.
          groups: [
            { name: 'desk', tags: ['$initial'], test: /src\/(operator\/(?!main)|state\/(desk|run|result|phone)\.)/ },
            { name: 'common', tags: ['$initial'], minShareCount: 2, test: /src\/(ui|lib|state|console\/learnt)\/|node_modules\/(svelte|clsx)|preload-helper/ },
          ],
        },
      },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
