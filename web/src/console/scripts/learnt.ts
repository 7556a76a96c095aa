/** What runs have shown, laid over the scheme: how many took each arrow, and how many ended there without the goal. */
import type { Edge } from '@xyflow/svelte';
import type { ArrowFigures, ScriptStatistics } from '../../lib/api.gen';
import type { Block, Doc } from './doc';
import { toEdges } from './flow';

export interface Through {
  taken: number;
  lost: number;
}

const WIDEST = 16;
const THINNEST = 1.2;

/** The scheme's arrow that a counted step went by; an answer without an arrow of its own goes by the block's. */
export function edgeOf(block: Block, arrow: ArrowFigures): string | null {
  if (arrow.kind !== 'answer' && arrow.kind !== 'none') return null; // jumps are no arrows of the scheme
  if (arrow.kind === 'none' && arrow.to === arrow.block) return null; // noted, and stayed
  const own = block.answers.find((answer) => answer.id === arrow.answer);
  if (own?.to) return `${block.id} a:${own.id}`;
  const way = block.ways.findIndex((one) => one.to === arrow.to);
  return way >= 0 ? `${block.id} w:${way}` : `${block.id} n`;
}

export function through(doc: Doc, statistics: ScriptStatistics): Map<string, Through> {
  const blocks = new Map(doc.script.blocks.map((block) => [block.id, block]));
  const found = new Map<string, Through>();
  for (const arrow of statistics.arrows) {
    const block = blocks.get(arrow.block);
    const id = block ? edgeOf(block, arrow) : null;
    if (!id) continue;
    const { taken = 0, lost = 0 } = found.get(id) ?? {};
    found.set(id, { taken: taken + arrow.taken, lost: lost + arrow.lost });
  }
  return found;
}

/** Arrows as wide as they were taken often, the redder the more was lost by them; what nobody took is a thin dash. */
export function drawnEdges(doc: Doc, statistics: ScriptStatistics, words: (found: Through) => string): Edge[] {
  const counted = through(doc, statistics);
  const most = Math.max(1, ...[...counted.values()].map((one) => one.taken));
  return toEdges(doc).map((edge) => {
    const found = counted.get(edge.id);
    const { id, source, sourceHandle, target, targetHandle } = edge;
    const plain = { id, source, sourceHandle: sourceHandle ?? null, target, targetHandle: targetHandle ?? null, selectable: false };
    if (!found) return { ...plain, class: 'untaken' };
    const width = THINNEST + (WIDEST - THINNEST) * (found.taken / most);
    const red = Math.round((found.lost / found.taken) * 100);
    const style = `stroke-width: ${width.toFixed(1)}px; stroke: color-mix(in srgb, var(--red) ${red}%, var(--accent))`;
    return { ...plain, class: 'taken', style, label: words(found) };
  });
}
