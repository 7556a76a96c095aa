/** The script's step on this page: what is typed and not yet on the server, and the moves. */
import { Autosave } from '../lib/autosave';
import type { Problem } from '../lib/api';
import type { FieldValue, Move, RunView, ScriptField } from '../lib/view';
import { openWords } from '../lib/words';
import { desk } from './desk.svelte';

type Typed = Record<string, FieldValue>;
export type Wrong = 'missing' | 'invalid' | 'long';

const faults: Record<string, Wrong> = { field_missing: 'missing', field_invalid: 'invalid', field_too_long: 'long' };

const words = openWords<Typed>();

/** Where a run lies: the desk, or a rehearsal, which has nobody on the line. */
export interface Bench {
  readonly work: { id: string; run: RunView | null } | null;
  readonly busy: ReadonlySet<string>;
  problem: Problem | null;
  send(verb: 'step' | 'fields', body: object, quiet?: boolean): Promise<boolean>;
}

class Run {
  bench: Bench = desk;
  typed = $state.raw<Typed>({});
  wrong = $state.raw<Readonly<Record<string, Wrong>>>({}); // by field, what is the matter
  noting = $state(false); // the note of "no suitable answer" is open
  private at = '';
  private readonly autosave = new Autosave<string>((at) => this.save(at));

  get current(): RunView | null {
    return this.bench.work?.run ?? null;
  }

  /** Called at every state: a new step begins with what was typed into it before a reload, if anything. */
  follow(): void {
    const at = this.place();
    if (at === this.at) return;
    this.at = at;
    this.typed = {};
    this.wrong = {};
    this.noting = false;
    if (at) void this.recall(at);
  }

  value(field: ScriptField): FieldValue {
    const typed = this.typed[field.id];
    return typed === undefined ? field.value : typed;
  }

  type(id: string, value: FieldValue): void {
    this.typed = { ...this.typed, [id]: value };
    const { [id]: mended, ...others } = this.wrong;
    if (mended) this.wrong = others;
    void words.set(this.at, this.typed);
    this.autosave.change(this.at);
  }

  /** One move at a time; what is typed goes with it. */
  async move(move: Move): Promise<void> {
    const work = this.bench.work;
    if (!work?.run || this.bench.busy.has('step')) return;
    const at = this.at;
    this.autosave.drop();
    const fields = move.kind === 'return' || move.kind === 'back' ? {} : { fields: { ...this.typed } };
    const kept = this.typed;
    const done = await this.bench.send('step', { work: work.id, step: work.run.step, move: { ...move, ...fields } });
    if (done) return this.forget(at);
    const problem = this.bench.problem;
    if (problem && problem.code in faults) this.mark(String(problem.params.field), problem.code);
    else if (Object.keys(kept).length) this.autosave.change(at);
  }

  private place(): string {
    const work = this.bench.work;
    return work?.run ? `${work.id} ${work.run.step}` : '';
  }

  private async recall(at: string): Promise<void> {
    const kept = await words.get(at);
    if (!kept || at !== this.at || Object.keys(this.typed).length) return;
    this.typed = kept;
    this.autosave.change(at);
  }

  private async save(at: string): Promise<void> {
    const [work, step] = at.split(' ');
    const sent = this.typed;
    if (at !== this.at || !Object.keys(sent).length) return;
    const done = await this.bench.send('fields', { work, step: Number(step), fields: sent }, true);
    if (!done || at !== this.at) return;
    const rest = Object.entries(this.typed).filter(([id, value]) => sent[id] !== value);
    this.typed = Object.fromEntries(rest);
    if (!rest.length) await words.remove(at);
  }

  private async forget(at: string): Promise<void> {
    await words.remove(at);
  }

  private mark(first: string, code: string): void {
    const fields = this.bench.work?.run?.block.fields ?? [];
    const empty = fields.filter((field) => field.required && isEmpty(this.value(field)));
    const missing = Object.fromEntries(empty.map((field) => [field.id, 'missing' as const]));
    this.wrong = { ...missing, [first]: faults[code] ?? 'invalid' };
    this.bench.problem = null;
    queueMicrotask(() => document.getElementById(`field-${first}`)?.focus());
  }
}

const isEmpty = (value: FieldValue): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0);

export const run = new Run();
