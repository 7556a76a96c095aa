// Gzipped first load of each page (HTML, its script and style with all they import at once, one language), as one JSON object in KB.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const out = process.env.CALLWRIGHT_WEB_OUT ?? join(import.meta.dirname, '../../dialer/http/static');
const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
const gz = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;

function gather(key, files) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const sheet of chunk.css ?? []) files.add(sheet);
  for (const other of chunk.imports ?? []) gather(other, files);
}

function filesOf(page) {
  const files = new Set([`${page}.html`, 'assets/theme.js', 'assets/icon.svg']);
  gather(`${page}.html`, files);
  if (page !== 'login') gather('src/locales/ru.json', files); // the larger of the two languages; the login page carries its own
  return files;
}

const weigh = (files) => Math.round([...files].reduce((sum, file) => sum + gz(file), 0) / 102.4) / 10;

const pages = ['login', 'operator', 'console'];
const sizes = Object.fromEntries(pages.map((page) => [page, weigh(filesOf(page))]));
const atOnce = new Set(pages.flatMap((page) => [...filesOf(page)]));
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || key.includes('locales')) continue;
  const files = new Set();
  gather(key, files);
  if (key.includes('scripts/Scripts')) gather('src/locales/editor.ru.json', files); // its own texts come with it
  sizes[key.replace(/^src\//, '')] = weigh([...files].filter((file) => !atOnce.has(file)));
}
console.log(JSON.stringify({ unit: 'gz_kb', ...sizes }));
