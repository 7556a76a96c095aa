/** Carries out what keys and buttons ask for. */
import { blockIds, type Place } from './doc';
import { copied, pasted } from './clipboard';
import { moveBlocks } from './edits';
import type { Editor } from './editor.svelte';
import { neighbour, turn, type Direction } from './find';
import type { Command } from './keys';

/** What the scheme can be asked. */
export interface View {
  zoom: (by: 'in' | 'out' | 'whole') => void;
  middle: () => Place;
}

const STEP = 20;
const steps: Record<Direction, Place> = { left: [-STEP, 0], right: [STEP, 0], up: [0, -STEP], down: [0, STEP] };

export class Doer {
  constructor(
    private readonly editor: Editor,
    private readonly view: View,
    private readonly toScheme: () => void,
  ) {}

  /** Whether anything was done. */
  carryOut(command: Command): boolean {
    const { editor } = this;
    switch (command.do) {
      case 'add':
        editor.add(editor.selected.size ? undefined : this.view.middle());
        return true;
      case 'answer':
        if (editor.block) editor.want('new-answer');
        return editor.block !== null;
      case 'open':
        if (editor.block) editor.want('title');
        return editor.block !== null;
      case 'canvas':
        this.toScheme();
        return true;
      case 'preview':
        editor.side = editor.side === 'preview' ? 'block' : 'preview';
        return true;
      case 'layout':
        void editor.arrange();
        return true;
      case 'save':
        void editor.flush();
        return true;
      case 'undo':
      case 'redo':
        editor[command.do]();
        return true;
      case 'remove':
        this.remove();
        return true;
      case 'all':
        editor.select(blockIds(editor.doc.script));
        return true;
      case 'in':
      case 'out':
      case 'whole':
        this.view.zoom(command.do);
        return true;
      case 'go':
        return this.go(command.to);
      case 'move':
        return this.move(steps[command.to]);
      default:
        return false;
    }
  }

  private go(to: Direction | 'next' | 'previous' | 'first' | 'last'): boolean {
    const { editor } = this;
    const from = [...editor.selected][0] ?? '';
    const { script } = editor.doc;
    const ids = blockIds(script);
    let found: string | null | undefined;
    if (to === 'first') found = script.start;
    else if (to === 'last') found = ids.at(-1);
    else if (to === 'next' || to === 'previous') found = turn(editor.doc, from, to === 'next' ? 1 : -1);
    else found = from ? neighbour(editor.doc, from, to) : script.start;
    if (found) editor.go(found);
    return true;
  }

  private move([dx, dy]: Place): boolean {
    const { editor } = this;
    const ids = [...editor.selected];
    const moved = ids.map((id): [string, Place] => {
      const [x, y] = editor.doc.layout[id] ?? [0, 0];
      return [id, [x + dx, y + dy]];
    });
    editor.edit((doc) => moveBlocks(doc, moved), `move ${ids.join(' ')}`);
    if (ids[0]) editor.shown = { id: ids[0] };
    return ids.length > 0;
  }

  private remove(): void {
    const { editor } = this;
    if (editor.arrow) return editor.cutArrow();
    const next = [...editor.selected].length === 1 ? neighbourOf(editor) : null;
    editor.remove();
    if (next) editor.go(next);
  }

  /** The selected blocks as text for the clipboard. */
  copy(cut: boolean): string | null {
    const { editor } = this;
    if (!editor.selected.size) return null;
    const text = copied(editor.doc, editor.selected, editor.id);
    if (cut) this.remove();
    return text;
  }

  paste(text: string): boolean {
    const { editor } = this;
    const done = pasted(editor.doc, text, editor.id);
    if (!done) return false;
    editor.edit(() => done.doc);
    editor.select(done.ids);
    if (done.ids[0]) editor.shown = { id: done.ids[0] };
    return true;
  }
}

function neighbourOf(editor: Editor): string | null {
  const [one] = editor.selected;
  if (!one) return null;
  for (const to of ['left', 'up', 'right', 'down'] as const) {
    const found = neighbour(editor.doc, one, to);
    if (found) return found;
  }
  return null;
}
