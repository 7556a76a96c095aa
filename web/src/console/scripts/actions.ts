/** What a script does besides talking, as the panel's forms know it: each action's parts, in their order. */
import type { Block } from './doc';

export type Action = Block['actions'][number];
export type Doing = Action['do'];
export type PartName =
  | 'field' | 'value' | 'stage' | 'close' | 'text' | 'to' | 'role' | 'date' | 'time' | 'minutes' | 'reason'
  | 'everywhere' | 'hook' | 'subject' | 'form' | 'when'; // prettier-ignore
export type Shape = 'line' | 'text' | 'number' | 'tick';

const shapes: Partial<Record<PartName, Shape>> = { text: 'text', minutes: 'number', close: 'tick', everywhere: 'tick' };
const parts: Record<Doing, PartName[]> = {
  set_field: ['field', 'value'],
  create_task: ['text', 'to', 'role', 'date', 'time', 'minutes'],
  callback: ['date', 'time', 'minutes'],
  deal_stage: ['stage', 'close'],
  do_not_call: ['reason'],
  exclude: ['everywhere'],
  hand_over: ['to', 'role', 'text'],
  message: ['to', 'role', 'text'],
  web_hook: ['hook'],
  send_mail: ['to', 'subject', 'text'],
  create_order: ['text'],
  create_document: ['form', 'text'],
};

export const doings = Object.keys(parts) as Doing[];
export const partsOf = (doing: Doing): { name: PartName; shape: Shape }[] =>
  [...parts[doing], 'when' as const].map((name) => ({ name, shape: shapes[name] ?? 'line' }));

/** An action with nothing in it. */
export function newAction(doing: Doing): Action {
  const empty = partsOf(doing).map(({ name, shape }) => [name, shape === 'tick' ? false : shape === 'number' ? 0 : '']);
  return { do: doing, ...(doing === 'web_hook' ? { body: [] } : {}), ...Object.fromEntries(empty) } as Action;
}

interface Body {
  key: string;
  value: string;
}
/** A web hook's body as lines `key: value`, and back. */
export const bodyText = (body: readonly Body[]): string => body.map((one) => `${one.key}: ${one.value}`).join('\n');
export function bodyOf(text: string): Body[] {
  return text.split('\n').filter((line) => line.trim()).map((line) => {
    const [key = '', ...rest] = line.split(':');
    return { key: key.trim(), value: rest.join(':').trim() };
  });
}
