/** Tells the server every ten seconds that this script is open here, and learns who else has it. */
import type { Editor } from './editor.svelte';
import { tellEditing } from './server';

const EVERY_MS = 10_000;

export class Presence {
  others = $state.raw<string[]>([]);
  /** Who has saved since, where this page has nothing of its own that waits. */
  ahead = $state('');
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly editor: Editor) {}

  start(): void {
    void this.tell();
    this.timer = setInterval(() => void this.tell(), EVERY_MS);
  }
  stop(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    void tellEditing(this.editor.id, false).catch(() => null); // it is forgotten by itself
  }

  private async tell(): Promise<void> {
    const before = this.editor.revision;
    const told = await tellEditing(this.editor.id, true).catch(() => null); // the next time tells
    if (!told) return;
    this.others = told.editors;
    const saved = this.editor.saving === 'saved' && this.editor.revision === before;
    this.ahead = saved && told.revision > before ? told.edited_by : '';
  }
}
