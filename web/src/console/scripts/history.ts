/** Undo and redo over immutable values: at most 100 steps; typing into one field is one step. */
export const STEPS = 100;
const TOGETHER_MS = 1_500;

export interface History<Value> {
  readonly past: readonly Value[];
  readonly now: Value;
  readonly future: readonly Value[];
  readonly what: string; // the change that made `now`
  readonly at: number;
}

export const begin = <Value>(now: Value): History<Value> => ({ past: [], now, future: [], what: '', at: 0 });

/** A new value. Changes of the same `what` in quick succession are one step; "" never joins. */
export function change<Value>(history: History<Value>, now: Value, what = '', at = 0): History<Value> {
  if (now === history.now) return history;
  const joins = what !== '' && what === history.what && at - history.at < TOGETHER_MS && !history.future.length;
  const past = joins ? history.past : [...history.past, history.now].slice(-STEPS);
  return { past, now, future: [], what, at };
}

export function undo<Value>(history: History<Value>): History<Value> {
  const now = history.past.at(-1);
  if (now === undefined) return history;
  return { past: history.past.slice(0, -1), now, future: [history.now, ...history.future], what: '', at: 0 };
}

export function redo<Value>(history: History<Value>): History<Value> {
  const [now, ...future] = history.future;
  if (now === undefined) return history;
  return { past: [...history.past, history.now].slice(-STEPS), now, future, what: '', at: 0 };
}
