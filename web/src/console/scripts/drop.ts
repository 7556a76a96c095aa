/** Where an arrow was let go: over a block it leads there, over nothing it makes a new one. */
import type { OnConnectEnd } from '@xyflow/svelte';
import { outletOf, type Place } from './doc';
import type { Editor } from './editor.svelte';

interface Point {
  x: number;
  y: number;
}

export class Drop {
  constructor(
    private readonly editor: Editor,
    private readonly toScheme: (at: Point) => Point,
  ) {}

  ended(...[event, end]: Parameters<OnConnectEnd>): void {
    if (end.isValid || !end.fromHandle) return; // it came to a handle: that is a connection
    const at = 'clientX' in event ? { x: event.clientX, y: event.clientY } : null;
    const hit = at && document.elementFromPoint(at.x, at.y);
    if (!at || !hit) return;
    const from = end.fromHandle.nodeId;
    const outlet = outletOf(end.fromHandle.id ?? 'n');
    const over = hit.closest<HTMLElement>('.svelte-flow__node')?.dataset.id;
    if (over) return this.editor.connect(from, outlet, over);
    if (!hit.closest('.svelte-flow__pane')) return;
    const { x, y } = this.toScheme(at);
    const place: Place = [x, y - 17];
    this.editor.go(this.editor.branch(from, outlet, '', place));
    this.editor.want('title');
  }
}
