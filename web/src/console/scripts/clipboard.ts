/** Blocks as text on the clipboard, and back: into the same script or another one. */
import { blockIds, fieldIds, freeId, newBlock, RETURN, type Block, type Doc, type Place } from './doc';
import { renameField } from './edits';

const FORMAT = 'callwright.blocks/1';

interface Clip {
  format: typeof FORMAT;
  script: number;
  blocks: Block[];
  layout: Record<string, Place>;
}

export function copied(doc: Doc, ids: ReadonlySet<string>, script: number): string {
  const blocks = doc.script.blocks.filter((one) => ids.has(one.id));
  const layout = Object.fromEntries(blocks.map((one) => [one.id, doc.layout[one.id] ?? [0, 0]]));
  return JSON.stringify({ format: FORMAT, script, blocks, layout } satisfies Record<keyof Clip, unknown>);
}

/** The document with the copied blocks in it, and their new ids; null if the text is none of ours. */
export function pasted(doc: Doc, text: string, script: number, at?: Place): { doc: Doc; ids: string[] } | null {
  const clip = read(text);
  if (!clip) return null;
  const ids = new Map<string, string>();
  for (const one of clip.blocks) ids.set(one.id, freeId(one.id, [...blockIds(doc.script), ...ids.values()], 'block'));
  const known = new Set(clip.script === script ? blockIds(doc.script) : []);
  const to = (target: string): string => ids.get(target) ?? (target === RETURN || known.has(target) ? target : '');
  const moved = ownFields(doc, clip.blocks).map((one) => ({
    ...one,
    id: ids.get(one.id) ?? one.id,
    next: to(one.next),
    answers: one.answers.map((answer) => ({ ...answer, to: to(answer.to) })),
    ways: one.ways.map((way) => ({ ...way, to: to(way.to) })).filter((way) => way.to),
  }));
  const [dx, dy] = offset(clip, at);
  const places = clip.blocks.map((one): [string, Place] => {
    const [x, y] = clip.layout[one.id] ?? [0, 0];
    return [ids.get(one.id) ?? one.id, [x + dx, y + dy]];
  });
  return {
    doc: {
      script: { ...doc.script, blocks: [...doc.script.blocks, ...moved] },
      layout: { ...doc.layout, ...Object.fromEntries(places) },
    },
    ids: [...ids.values()],
  };
}

/** Fields have one name in a whole script: those that are taken get another, in texts and conditions too. */
function ownFields(doc: Doc, blocks: Block[]): Block[] {
  const taken = new Set(fieldIds(doc.script));
  let clip: Doc = { script: { ...doc.script, common: [], blocks }, layout: {} };
  for (const id of blocks.flatMap((one) => one.fields.map((field) => field.id))) {
    const other = taken.has(id) ? freeId(id, taken, 'field') : id;
    taken.add(other);
    clip = renameField(clip, id, other);
  }
  return clip.script.blocks;
}

function offset(clip: Clip, at?: Place): Place {
  if (!at) return [40, 40];
  const places = clip.blocks.map((one): Place => clip.layout[one.id] ?? [0, 0]);
  return [at[0] - Math.min(...places.map((one) => one[0])), at[1] - Math.min(...places.map((one) => one[1]))];
}

function read(text: string): Clip | null {
  try {
    const clip = JSON.parse(text) as Clip;
    if (clip.format !== FORMAT || !clip.blocks.length) return null;
    return { ...clip, blocks: clip.blocks.map((one) => newBlock(one.id, one)) };
  } catch {
    return null; // something else was copied
  }
}
