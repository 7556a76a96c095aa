/** One script being edited: the document with its history, what is selected, what the server said of it. */
import { Problem } from '../../lib/api';
import { Autosave } from '../../lib/autosave';
import { listening } from '../../state/listening.svelte';
import { Keep, type Kept } from '../kept';
import { block as find, blockIds, freeId, newBlock, outletOf, type Block, type Doc, type Outlet, type Place } from './doc';
import * as edits from './edits';
import { begin, change, redo, undo, type History } from './history';
import { arranged, completed, freePlace } from './layout';
import { WIDTH } from './rows';
import { checkDraft, readDraft, saveDraft, type DraftView, type FindingView } from './server';

export type Side = 'block' | 'settings' | 'findings' | 'preview';
export type Saving = 'saved' | 'waiting' | 'failed' | 'stale';
interface Stale {
  who: string;
  when: string;
  revision: number;
}

const AGAIN_MS = 5_000;

export class Editor {
  history = $state.raw<History<Doc>>(begin({ script: { blocks: [] } as never, layout: {} }));
  selected = $state.raw<ReadonlySet<string>>(new Set());
  arrow = $state<string | null>(null); // the arrow that is selected: "block handle"
  findings = $state.raw<FindingView[]>([]);
  draft = $state.raw<DraftView | null>(null); // as it was read
  side = $state<Side>('block');
  saving = $state<Saving>('saved');
  savedAt = $state<number | null>(null);
  changed = $state(false); // publishing would make a new version
  version = $state(0);
  stale = $state.raw<Stale | null>(null);
  here = $state(''); // the block at which the preview stands
  shown = $state.raw<{ id: string } | null>(null); // to be brought into sight
  wanted = $state.raw<{ focus: string } | null>(null); // a part of the panel that is to have the focus
  left = $state.raw<Kept<Doc> | null>(null); // what an earlier page could not save
  revision = 0;
  private readonly autosave = new Autosave<Doc>((doc) => this.send(doc), 700);
  private again: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private readonly keep: Keep<Doc>;

  doc = $derived(this.history.now);
  block = $derived.by((): Block | null => {
    const [one, other] = this.selected;
    return one !== undefined && other === undefined ? (find(this.doc, one) ?? null) : null;
  });
  counts = $derived.by(() => {
    const counts = new Map<string, { errors: number; warnings: number }>();
    for (const { path, level } of this.findings) {
      if (path[0] !== 'blocks' || !path[1]) continue;
      const count = counts.get(path[1]) ?? { errors: 0, warnings: 0 };
      counts.set(path[1], count);
      count[level === 'error' ? 'errors' : 'warnings'] += 1;
    }
    return counts;
  });
  errors = $derived(this.findings.filter((one) => one.level === 'error').length);
  warnings = $derived(this.findings.length - this.errors);

  constructor(readonly id: number) {
    this.keep = new Keep(`script ${listening.me?.id ?? 0} ${id}`);
  }

  async open(): Promise<void> {
    await this.take(await readDraft(this.id));
    this.history = begin(this.doc);
    const { start } = this.doc.script;
    this.selected = new Set(find(this.doc, start) ? [start] : []);
    void this.keep.look(this.doc).then((left) => (this.left = left));
  }

  /** What the server keeps becomes the document; one may undo it. */
  async reload(): Promise<void> {
    this.autosave.drop();
    await this.take(await readDraft(this.id));
    this.saving = 'saved';
    this.stale = null;
    void this.keep.saved();
  }

  private async take(draft: DraftView): Promise<void> {
    const doc: Doc = { script: draft.script, layout: draft.layout };
    const layout = await completed(doc);
    this.history = change(this.history, { ...doc, layout });
    this.draft = draft;
    this.findings = draft.findings;
    this.revision = draft.revision;
    this.version = draft.version;
    this.changed = draft.changed;
    this.savedAt = draft.edited_at ? Date.parse(draft.edited_at) : null;
    this.keepSelection();
  }

  // --- changes

  /** Makes a change. Changes of the same `what` that follow each other quickly are one step of undo. */
  edit(how: (doc: Doc) => Doc, what = ''): void {
    const before = this.history;
    this.history = change(before, how(before.now), what, performance.now());
    if (this.history !== before) this.touched();
  }
  undo(): void {
    this.turnBack(undo(this.history));
  }
  redo(): void {
    this.turnBack(redo(this.history));
  }
  private turnBack(history: History<Doc>): void {
    if (history === this.history) return;
    this.history = history;
    this.keepSelection();
    this.touched();
  }
  private touched(): void {
    this.keep.change(this.doc, this.revision);
    if (this.saving === 'stale') return void this.check();
    this.saving = 'waiting';
    this.autosave.change(this.doc);
  }
  private keepSelection(): void {
    const left = [...this.selected].filter((id) => find(this.doc, id));
    if (left.length !== this.selected.size) this.selected = new Set(left);
  }

  patch(part: Partial<Block>, what: string): void {
    const id = this.block?.id;
    if (id) this.edit((doc) => edits.patchBlock(doc, id, part), `${id}.${what}`);
  }

  /** A new block beside the selected one, or where it is wished; the panel opens with its title. */
  add(at?: Place): void {
    this.go(this.make('', at));
    this.want('title');
  }
  /** A new block; one stays where one is. Gives its id. */
  make(title: string, at?: Place): string {
    const id = freeId(title, blockIds(this.doc.script), 'block');
    const place = freePlace(this.doc, at ?? this.beside());
    this.edit((doc) => edits.addBlock(doc, newBlock(id, { title }), place));
    return id;
  }

  /** A new block at the end of an arrow; one stays where one is. Gives its id. */
  branch(from: string, outlet: Outlet, title: string, at?: Place): string {
    const id = freeId(title, blockIds(this.doc.script), 'block');
    const [x, y] = this.doc.layout[from] ?? [0, 0];
    const place = freePlace(this.doc, at ?? [x + WIDTH + 110, y]);
    this.edit((doc) => edits.branch(doc, from, outlet, id, title, place));
    return id;
  }

  connect(from: string, outlet: Outlet, to: string): void {
    this.edit((doc) => edits.connect(doc, from, outlet, to));
  }
  /** Takes away the arrow that is selected; what it left stays. */
  cutArrow(): void {
    const [from, handle] = this.arrow?.split(' ') ?? [];
    if (from && handle) this.connect(from, outletOf(handle), '');
    this.arrow = null;
  }
  remove(): void {
    const gone = this.selected;
    if (!gone.size) return;
    this.edit((doc) => edits.removeBlocks(doc, gone));
    this.selected = new Set();
  }
  async arrange(): Promise<void> {
    const layout = await arranged(this.doc);
    this.edit((doc) => ({ ...doc, layout: { ...doc.layout, ...layout } }));
    const [one] = this.selected;
    this.shown = { id: one ?? this.doc.script.start };
  }
  private beside(): Place {
    const [one] = this.selected;
    const place = one ? this.doc.layout[one] : undefined;
    return place ? [place[0] + WIDTH + 110, place[1]] : [0, 0];
  }

  // --- where one is

  go(id: string | null): void {
    if (!id || !find(this.doc, id)) return;
    this.select([id]);
    this.side = 'block';
    this.shown = { id };
  }
  select(ids: Iterable<string>): void {
    const next = new Set(ids);
    if (next.size === this.selected.size && [...next].every((id) => this.selected.has(id))) return;
    this.selected = next;
    this.arrow = null;
    if (next.size && this.side !== 'preview') this.side = 'block';
  }
  want(focus: string): void {
    this.side = 'block';
    this.wanted = { focus };
  }

  /** What is wrong with just this part. */
  wrong(...path: string[]): FindingView[] {
    return this.findings.filter(
      (one) => one.path.length === path.length && one.path.every((part, at) => part === path[at]),
    );
  }

  // --- the server

  /** What an earlier page could not save becomes the document; one may undo it. */
  putBack(): void {
    const { left } = this;
    this.left = this.keep.decided();
    if (left) this.edit(() => left.value);
    this.keepSelection();
  }
  letGo(): void {
    this.left = this.keep.decided();
    if (this.saving === 'saved') void this.keep.saved();
    else this.keep.change(this.doc, this.revision);
  }

  /** Sends what waits; false if it could not be kept. */
  async flush(): Promise<boolean> {
    void this.keep.flush();
    if (this.saving === 'failed') this.autosave.change(this.doc);
    await this.autosave.flush();
    return this.saving === 'saved';
  }
  private async send(doc: Doc): Promise<void> {
    clearTimeout(this.again);
    try {
      const saved = await saveDraft(this.id, this.revision, doc);
      this.revision = saved.revision;
      this.changed = saved.changed;
      this.savedAt = Date.now();
      if (this.doc === doc) {
        this.findings = saved.findings;
        this.saving = 'saved';
        void this.keep.saved();
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refused(error);
    }
  }
  private refused(problem: Problem): void {
    if (problem.code === 'draft_stale') {
      const { who, when, revision } = problem.params;
      this.stale = { who: String(who), when: String(when), revision: Number(revision) };
      this.saving = 'stale';
      return void this.check();
    }
    this.saving = 'failed';
    if (!this.closed) this.again = setTimeout(() => this.autosave.change(this.doc), AGAIN_MS);
  }
  private async check(): Promise<void> {
    const doc = this.doc;
    const found = await checkDraft(this.id, doc.script).catch(() => null); // told anew with the next change
    if (found && doc === this.doc) this.findings = found;
  }

  /** Somebody else's draft gives way to this one. */
  async overwrite(): Promise<void> {
    if (!this.stale) return;
    this.revision = this.stale.revision;
    this.stale = null;
    this.saving = 'waiting';
    this.autosave.change(this.doc);
    await this.flush();
  }
  published(version: number): void {
    this.version = version;
    this.changed = false;
  }
  close(): void {
    this.closed = true;
    clearTimeout(this.again);
    void this.flush();
  }
}
