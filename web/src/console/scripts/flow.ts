/** The document as Svelte Flow wants it. What has not changed stays the same object, so that only the changed is drawn anew. */
import type { Edge, Node } from '@xyflow/svelte';
import { Position } from '@xyflow/svelte';
import { RETURN, type Block, type Doc } from './doc';
import { drawn, handleY, HEAD, WIDTH } from './rows';

export interface BlockData extends Record<string, unknown> {
  block: Block;
  start: boolean;
  errors: number;
  warnings: number;
  here: boolean; // the preview stands here
}
export type BlockNode = Node<BlockData, 'block'>;

export interface Marks {
  counts: ReadonlyMap<string, { errors: number; warnings: number }>;
  selected: ReadonlySet<string>;
  here: string;
}

export function toNodes(doc: Doc, marks: Marks, before: readonly BlockNode[]): BlockNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return doc.script.blocks.map((block) => {
    const [x, y] = doc.layout[block.id] ?? [0, 0];
    const { errors = 0, warnings = 0 } = marks.counts.get(block.id) ?? {};
    const start = doc.script.start === block.id;
    const here = marks.here === block.id;
    const selected = marks.selected.has(block.id);
    const old = known.get(block.id);
    if (old && old.position.x === x && old.position.y === y && (old.selected ?? false) === selected) {
      const was = old.data;
      const same = was.block === block && was.start === start && was.here === here;
      if (same && was.errors === errors && was.warnings === warnings) return old;
    }
    return {
      id: block.id,
      type: 'block',
      position: { x, y },
      selected,
      ...shapeOf(block),
      data: { block, start, errors, warnings, here },
    };
  });
}

type Shape = Required<Pick<BlockNode, 'width' | 'height' | 'handles'>>;
const shapes = new WeakMap<Block, Shape>();

function shapeOf(block: Block): Shape {
  let shape = shapes.get(block);
  if (!shape) {
    const found = drawn(block);
    const size = { width: 1, height: 1 };
    shape = {
      width: WIDTH,
      height: found.height,
      handles: [
        { id: 'in', type: 'target', position: Position.Left, x: 0, y: HEAD / 2, ...size },
        ...found.rows.flatMap((row, at) =>
          row.handle
            ? [{ id: row.handle, type: 'source' as const, position: Position.Right, x: WIDTH, y: handleY(found, at), ...size }]
            : [],
        ),
      ],
    };
    shapes.set(block, shape);
  }
  return shape;
}

const edgesOf = new WeakMap<Block, Edge[]>();

export function toEdges(doc: Doc): Edge[] {
  const ids = new Set(doc.script.blocks.map((block) => block.id));
  return doc.script.blocks.flatMap((block) => leaving(block)).filter((edge) => ids.has(edge.target));
}

function leaving(block: Block): Edge[] {
  let found = edgesOf.get(block);
  if (!found) {
    found = drawn(block)
      .rows.filter((row) => row.handle && row.to && row.to !== RETURN)
      .map((row) => {
        const look = row.kind === 'answer' ? row.tone : row.kind;
        return {
          id: `${block.id} ${row.handle}`,
          source: block.id,
          sourceHandle: row.handle,
          target: row.to,
          targetHandle: 'in',
          class: look,
          markerEnd: `cw-${look}`,
          interactionWidth: 14,
        };
      });
    edgesOf.set(block, found);
  }
  return found;
}
