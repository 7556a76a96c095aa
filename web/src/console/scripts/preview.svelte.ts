/** The walk of a draft: the moves made so far, and where they led by the server's engine. */
import { Problem } from '../../lib/api';
import { explain } from '../../state/prefs.svelte';
import type { Editor } from './editor.svelte';
import { walkDraft, type Client, type Move, type Preview } from './server';

export type Typed = Record<string, string | boolean | string[] | null>;

export class Walk {
  moves = $state.raw<Move[]>([]);
  at = $state.raw<Preview | null>(null);
  typed = $state.raw<Typed>({});
  refused = $state.raw<{ title: string; field: string } | null>(null);
  problem = $state('');
  client = $state<Client>({ name: '', first_name: '', city: '', campaign: '' });
  private asked = 0;

  constructor(private readonly editor: Editor) {}

  async begin(): Promise<void> {
    this.moves = [];
    this.typed = {};
    await this.walk([]);
  }

  /** One move further; what is filled in goes with it. */
  async move(move: Move): Promise<void> {
    const fields = move.kind === 'back' || move.kind === 'return' ? {} : { fields: this.typed };
    await this.walk([...this.moves, { ...move, ...fields }]);
  }

  /** The same moves once more: the draft or the client has changed. */
  async again(): Promise<void> {
    await this.walk(this.moves);
  }

  private async walk(moves: Move[]): Promise<void> {
    this.asked += 1;
    const asked = this.asked;
    try {
      const at = await walkDraft(this.editor.doc.script, moves, this.client);
      if (asked !== this.asked) return; // a later walk is under way
      this.problem = '';
      this.refused = at.refused;
      if (at.view.step !== this.at?.view.step || at.view.block.id !== this.at.view.block.id) this.typed = {};
      this.moves = moves.slice(0, at.made);
      this.at = at;
      this.editor.here = at.view.block.id;
      this.editor.shown = { id: at.view.block.id };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (asked === this.asked) this.problem = explain(error);
    }
  }
}
