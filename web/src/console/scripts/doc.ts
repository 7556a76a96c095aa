/** What is edited: the script as the server has it, and where its blocks stand. Nothing here is ever changed in place. */
import type { Answer, Block, Field, Jump, Script, Way } from '../../lib/api.gen';

export type { Answer, Block, Field, Jump, Script, Way };
export type Tone = Answer['tone'];
export type Kind = Field['kind'];
export type Place = [number, number];
export type Layout = Readonly<Record<string, Place>>;

export interface Doc {
  readonly script: Script;
  readonly layout: Layout;
}

/** The target that leads back from a jump. */
export const RETURN = 'return';

export const kinds: readonly Kind[] = [
  'text',
  'number',
  'money',
  'date',
  'time',
  'choice',
  'choices',
  'yes_no',
  'phone',
  'email',
  'reference',
];
export const tones: readonly Tone[] = ['positive', 'neutral', 'negative'];

/** Whence an arrow starts: an answer, a condition, or the block's default arrow. */
export type Outlet = { by: 'answer'; id: string } | { by: 'way'; at: number } | { by: 'next' };

export const handleOf = (outlet: Outlet): string =>
  outlet.by === 'answer' ? `a:${outlet.id}` : outlet.by === 'way' ? `w:${outlet.at}` : 'n';

export function outletOf(handle: string): Outlet {
  if (handle.startsWith('a:')) return { by: 'answer', id: handle.slice(2) };
  return handle.startsWith('w:') ? { by: 'way', at: Number(handle.slice(2)) } : { by: 'next' };
}

export const block = (doc: Doc, id: string): Block | undefined => doc.script.blocks.find((one) => one.id === id);
export const titleOf = (one: Block): string => one.title || one.id;

export function newBlock(id: string, more: Partial<Block> = {}): Block {
  const empty = { title: '', stage: '', text: '', hint: '', next: '', sub: '', disposition: '' };
  return { id, ...empty, fields: [], answers: [], ways: [], actions: [], goal: false, end: '', pause_recording: false, ...more };
}
export function newAnswer(id: string, more: Partial<Answer> = {}): Answer {
  return { id, text: '', to: '', tone: 'neutral', disposition: '', needs_fields: true, actions: [], ...more };
}
export function newField(id: string, more: Partial<Field> = {}): Field {
  return { id, label: '', kind: 'text', required: false, choices: [], of: '', default: '', ...more };
}

/** A script with one block, to begin with. */
export function emptyScript(name: string, language: Script['language'], title: string): Script {
  return {
    name,
    language,
    start: 'start',
    blocks: [newBlock('start', { title })],
    about: '',
    haste: '',
    pace: 25,
    mode: 'strict',
    scheme_visible: false,
    call_needed: false,
    keep_log: true,
    tasks: [],
    common: [],
    jumps: [],
  };
}

export const allFields = (script: Script): Field[] => [...script.common, ...script.blocks.flatMap((one) => one.fields)];

/** The stages that the script names, in their order. */
export const stages = (script: Script): string[] => [
  ...new Set(script.blocks.map((one) => one.stage).filter(Boolean)),
];

const letters: Record<string, string> = {
  а: 'a', б: 'b', в: 'v', г: 'g', д: 'd', е: 'e', ё: 'e', ж: 'zh', з: 'z', и: 'i', й: 'y', к: 'k', л: 'l', м: 'm',
  н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'h', ц: 'ts', ч: 'ch', ш: 'sh', щ: 'sch', ы: 'y',
  э: 'e', ю: 'yu', я: 'ya',
}; // prettier-ignore

/** An id that nobody has: made of words, so that the text form can be read. */
export function freeId(words: string, taken: Iterable<string>, spare: string): string {
  const plain = [...words.toLowerCase()].map((one) => letters[one] ?? one).join('');
  const tidy = plain.replace(/[^a-z0-9]+/g, '_').replace(/^[_0-9]+|_+$/g, '');
  const stem = (tidy.length > 28 ? tidy.slice(0, 28).replace(/_[^_]*$/, '') : tidy) || spare;
  const known = new Set([...taken, RETURN, 'next']);
  if (!known.has(stem)) return stem;
  for (let n = 2; ; n += 1) if (!known.has(`${stem}_${n}`)) return `${stem}_${n}`;
}

export const blockIds = (script: Script): string[] => script.blocks.map((one) => one.id);
export const fieldIds = (script: Script): string[] => allFields(script).map((one) => one.id);
