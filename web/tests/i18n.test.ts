import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fill, type Catalogue } from '../src/lib/i18n';
import consoleEn from '../src/locales/console.en.json';
import consoleRu from '../src/locales/console.ru.json';
import editorEn from '../src/locales/editor.en.json';
import editorRu from '../src/locales/editor.ru.json';
import learntEn from '../src/locales/learnt.en.json';
import learntRu from '../src/locales/learnt.ru.json';
import pageEn from '../src/locales/en.json';
import pageRu from '../src/locales/ru.json';

const en = { ...pageEn, ...consoleEn, ...editorEn, ...learntEn };
const ru = { ...pageRu, ...consoleRu, ...editorRu, ...learntRu };
const catalogues = { ru, en } as unknown as Record<'ru' | 'en', Catalogue>;
const places = (text: unknown): string[] =>
  [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();

test('both languages have the same keys', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(ru).sort());
});

test('the parts of a catalogue have no key in common', () => {
  for (const [page, more] of [[pageRu, consoleRu], [pageEn, consoleEn]] as const) {
    expect(Object.keys(page).filter((key) => key in more)).toEqual([]);
    for (const part of [editorRu, editorEn, learntRu, learntEn]) {
      expect(Object.keys(part).filter((key) => key in page || key in more)).toEqual([]);
    }
    expect(Object.keys(page)).toHaveLength(Object.keys(pageRu).length);
  }
});

test('the operator\'s page asks for no text of the console', () => {
  const folders = ['operator', 'login', 'lib', 'ui'].map((name) => join(import.meta.dirname, '../src', name));
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|ts)$/.test(file))) {
      const source = readFileSync(join(folder, name), 'utf8');
      for (const key of Object.keys(consoleRu)) expect(source.includes(`'${key}'`), `${name}: ${key}`).toBe(false);
    }
  }
});

test('the login page asks only for texts that it carries', () => {
  for (const name of ['login/Login.svelte', 'ui/Appearance.svelte']) {
    const source = readFileSync(join(import.meta.dirname, '../src', name), 'utf8');
    for (const [, key] of source.matchAll(/\bt\(['`]([a-z_.]+)/g)) expect(key).toMatch(/^(login|problem|theme|language|lang)\b/);
  }
});

test('a text fills in the same values in both languages', () => {
  for (const key of Object.keys(ru) as (keyof typeof ru)[]) expect(places(en[key]), key).toEqual(places(ru[key]));
});

test('each plural has the forms that its language needs', () => {
  const forms = { ru: ['one', 'few', 'many'], en: ['one', 'other'] };
  for (const language of ['ru', 'en'] as const) {
    for (const [key, text] of Object.entries(catalogues[language])) {
      if (typeof text === 'string') expect(text.trim(), key).not.toBe('');
      else for (const form of forms[language]) expect(Object.keys(text), `${language} ${key}`).toContain(form);
    }
  }
});

test('Russian texts are Russian and English ones English', () => {
  const exempt = new Set(['language.switch', 'lang', 'editor.yaml.at', 'check.server', 'check.pbx']);
  for (const [key, text] of Object.entries(catalogues.en)) {
    if (!exempt.has(key)) expect(JSON.stringify(text), key).not.toMatch(/[а-яё]/i);
  }
});

test('plurals', () => {
  const said = [1, 2, 5, 11, 21, 148].map((n) => fill(catalogues.ru, 'ru', 'today', { n }));
  expect(said.map((text) => text?.split(' ').at(-1))).toEqual(['звонок', 'звонка', 'звонков', 'звонков', 'звонок', 'звонков']);
  expect(fill(catalogues.en, 'en', 'today', { n: 1 })).toBe('Today: 1 call');
  expect(fill(catalogues.en, 'en', 'no such key')).toBeNull();
});

test('every text that the sources ask for by a whole key exists, and no text is left over', () => {
  const sources = readdirSync(join(import.meta.dirname, '../src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name))
    .map((name) => readFileSync(join(import.meta.dirname, '../src', name), 'utf8'))
    .join('\n');
  const composed = [...sources.matchAll(/`([a-z_.]+)\.\$\{/g)].map((match) => `${match[1]}.`);
  composed.push('control.', 'listen.why.', 'refusal.', 'outcome.', 'call.', 'role.', 'recording.', 'end.', 'end_reason.', 'pause.', 'listening.', 'problem.');
  const unused = Object.keys(ru).filter(
    (key) => !sources.includes(`'${key}'`) && !composed.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});
