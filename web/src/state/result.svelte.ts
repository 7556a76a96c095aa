/** The result of a client: a draft that is saved as it is made and can be undone until "save and next". */
import { Autosave } from '../lib/autosave';
import { isOver, type DispositionView, type WorkView } from '../lib/view';
import { openWords } from '../lib/words';
import { desk } from './desk.svelte';

export interface Draft {
  disposition: string;
  comment: string;
  callback_minutes: number | null;
  callback_at: string | null;
  note: string;
}

const empty: Draft = { disposition: '', comment: '', callback_minutes: null, callback_at: null, note: '' };
const words = openWords<Draft>();
export type Lack = 'disposition' | 'comment' | 'callback' | 'talking';

class Result {
  draft = $state.raw<Draft>(empty);
  undone = $state.raw<Draft | null>(null); // what "undo" brings back
  asked = $state.raw<Lack | null>(null); // what a refused save asked for
  private work = '';
  private dirty = false;
  private readonly autosave = new Autosave<Draft>((draft) => this.send(draft));

  /** Called at every state: another client's draft replaces ours, and the server's replaces one that has nothing unsaved. */
  follow(): void {
    const work = desk.work;
    const id = work?.id ?? '';
    if (id !== this.work) {
      this.work = id;
      this.dirty = false;
      this.undone = this.asked = null;
      this.draft = work ? fromServer(work, empty) : empty;
      if (id) void this.recall(id);
    } else if (work && !this.dirty) {
      this.draft = fromServer(work, this.draft);
    }
  }

  /** The chosen result, or the one that the script's end or the call's outcome proposes. */
  get disposition(): DispositionView | null {
    const id = this.draft.disposition || desk.work?.suggested;
    return desk.work?.dispositions.find((one) => one.id === id) ?? null;
  }

  get lack(): Lack | null {
    const chosen = this.disposition;
    if (desk.work?.call && !isOver(desk.work.call)) return 'talking';
    if (!chosen) return 'disposition';
    if (chosen.comment === 'required' && !this.draft.comment.trim()) return 'comment';
    return chosen.callback && !this.draft.callback_at ? 'callback' : null;
  }

  choose(disposition: string): void {
    if (disposition === this.draft.disposition) return;
    this.undone = this.draft;
    const callback = desk.work?.dispositions.find((one) => one.id === disposition)?.callback;
    this.change(callback ? { disposition } : { disposition, callback_minutes: null, callback_at: null }, true);
  }

  callback(minutes: number): void {
    const id = desk.work?.dispositions.find((one) => one.callback)?.id;
    if (!id) return;
    this.undone = this.draft;
    const at = new Date(desk.now + minutes * 60_000).toISOString();
    this.change({ disposition: id, callback_minutes: minutes, callback_at: at }, true);
  }

  callbackAt(at: string | null): void {
    this.change({ callback_at: at, callback_minutes: null }, true);
  }

  write(what: { comment?: string; note?: string }): void {
    this.change(what, false);
  }

  undo(): void {
    if (!this.undone) return;
    const { comment, note } = this.draft;
    const before = { ...this.undone, comment, note };
    this.undone = null;
    this.change(before, true);
  }

  async save(next: boolean): Promise<void> {
    const id = this.work;
    this.asked = this.lack;
    if (this.asked || !id || desk.busy.has('save')) return;
    if (this.dirty) this.autosave.change(this.draft);
    await this.autosave.flush();
    if (await desk.send('save', { work: id, next })) await words.remove(`result ${id}`);
  }

  private change(what: Partial<Draft>, now: boolean): void {
    this.draft = { ...this.draft, ...what };
    this.dirty = true;
    this.asked = null;
    void words.set(`result ${this.work}`, this.draft);
    this.autosave.change(this.draft);
    if (now) void this.autosave.flush();
  }

  private async send(draft: Draft): Promise<void> {
    const work = this.work;
    const { disposition, comment, callback_at, note } = draft;
    const body = { work, disposition: disposition || null, comment, callback_at, note };
    const done = await desk.send('draft', body, true);
    if (!done || work !== this.work || draft !== this.draft) return;
    this.dirty = false;
    await words.remove(`result ${work}`);
  }

  private async recall(id: string): Promise<void> {
    const kept = await words.get(`result ${id}`);
    if (!kept || id !== this.work || this.dirty) return;
    this.change(kept, true);
  }
}

function fromServer({ draft, note }: WorkView, ours: Draft): Draft {
  if (!draft) return { ...empty, note };
  const { disposition, comment, callback_at } = draft;
  const same = Date.parse(callback_at ?? '') === Date.parse(ours.callback_at ?? '');
  return { disposition, comment, callback_at, note, callback_minutes: same ? ours.callback_minutes : null };
}

export const result = new Result();
