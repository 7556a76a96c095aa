/** Changes of a document: each takes one and gives another; what a change does not touch stays the very same object. */
import {
  block as find,
  blockIds,
  newBlock,
  type Answer,
  type Block,
  type Doc,
  type Outlet,
  type Place,
  type Script,
} from './doc';

const GRID = 10;
const round = (n: number): number => Math.round(n / GRID) * GRID;

export const patchScript = (doc: Doc, part: Partial<Script>): Doc => ({ ...doc, script: { ...doc.script, ...part } });

export function patchBlock(doc: Doc, id: string, part: Partial<Block>): Doc {
  return patchScript(doc, {
    blocks: doc.script.blocks.map((one) => (one.id === id ? { ...one, ...part } : one)),
  });
}

export function addBlock(doc: Doc, made: Block, place: Place): Doc {
  const blocks = [...doc.script.blocks, made];
  return {
    script: { ...doc.script, blocks, start: find(doc, doc.script.start) ? doc.script.start : made.id },
    layout: { ...doc.layout, [made.id]: [round(place[0]), round(place[1])] },
  };
}

/** Takes blocks away, and every arrow that led to them. */
export function removeBlocks(doc: Doc, ids: Iterable<string>): Doc {
  const gone = new Set(ids);
  const to = (target: string): string => (gone.has(target) ? '' : target);
  const left = doc.script.blocks.filter((one) => !gone.has(one.id));
  const blocks = left.map((one) => mapTargets(one, to, (target) => !gone.has(target)));
  const { start, jumps } = doc.script;
  return {
    script: {
      ...doc.script,
      blocks,
      jumps: jumps.some((one) => gone.has(one.to)) ? jumps.map((one) => ({ ...one, to: to(one.to) })) : jumps,
      start: gone.has(start) ? (blocks[0]?.id ?? '') : start,
    },
    layout: Object.fromEntries(Object.entries(doc.layout).filter(([id]) => !gone.has(id))),
  };
}

/** The block with its arrows led elsewhere; the same object if none is. Conditions whose target is not kept go. */
function mapTargets(one: Block, to: (target: string) => string, kept: (target: string) => boolean = () => true): Block {
  const answers = one.answers.map((answer) => (to(answer.to) === answer.to ? answer : { ...answer, to: to(answer.to) }));
  const ways = one.ways.filter((way) => kept(way.to)).map((way) => (to(way.to) === way.to ? way : { ...way, to: to(way.to) }));
  const next = to(one.next);
  const same = next === one.next && same_(answers, one.answers) && same_(ways, one.ways);
  return same ? one : { ...one, answers, ways, next };
}
const same_ = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);

export function moveBlocks(doc: Doc, moved: Iterable<readonly [string, Place]>): Doc {
  const layout = { ...doc.layout };
  for (const [id, [x, y]] of moved) layout[id] = [round(x), round(y)];
  return { ...doc, layout };
}

/** Another id for a block; all that leads to it follows. */
export function renameBlock(doc: Doc, id: string, other: string): Doc {
  if (id === other || !other || blockIds(doc.script).includes(other)) return doc;
  const to = (target: string): string => (target === id ? other : target);
  const { [id]: place, ...rest } = doc.layout;
  return {
    script: {
      ...doc.script,
      start: to(doc.script.start),
      jumps: doc.script.jumps.map((one) => ({ ...one, to: to(one.to) })),
      blocks: doc.script.blocks.map((one) => mapTargets(one.id === id ? { ...one, id: other } : one, to)),
    },
    layout: place ? { ...rest, [other]: place } : rest,
  };
}

/** Another id for a field; texts and conditions that speak of it follow. */
export function renameField(doc: Doc, id: string, other: string): Doc {
  if (id === other || !other) return doc;
  const spoken = new RegExp(`\\bfield\\.${id}(?![\\w-])`, 'g');
  return { ...doc, script: respell(doc.script, (text) => text.replace(spoken, `field.${other}`), id, other) };
}

function respell(script: Script, say: (text: string) => string, id: string, other: string): Script {
  const fields = (many: Block['fields']): Block['fields'] =>
    many.map((one) => ({ ...one, id: one.id === id ? other : one.id, default: say(one.default) }));
  return {
    ...script,
    common: fields(script.common),
    blocks: script.blocks.map((one) => ({
      ...one,
      text: say(one.text),
      hint: say(one.hint),
      fields: fields(one.fields),
      answers: one.answers.map((answer) => ({ ...answer, text: say(answer.text) })),
      ways: one.ways.map((way) => ({ ...way, when: say(way.when) })),
    })),
  };
}

export function patchAnswer(doc: Doc, id: string, answer: string, part: Partial<Answer>): Doc {
  const one = find(doc, id);
  if (!one) return doc;
  return patchBlock(doc, id, {
    answers: one.answers.map((each) => (each.id === answer ? { ...each, ...part } : each)),
  });
}

/** Leads an arrow to a block ("": nowhere). */
export function connect(doc: Doc, id: string, outlet: Outlet, to: string): Doc {
  const one = find(doc, id);
  if (!one) return doc;
  if (outlet.by === 'next') return patchBlock(doc, id, { next: to });
  if (outlet.by === 'answer') return patchAnswer(doc, id, outlet.id, { to });
  return patchBlock(doc, id, { ways: one.ways.map((way, at) => (at === outlet.at ? { ...way, to } : way)) });
}

/** A new block, with an arrow to it. */
export function branch(doc: Doc, id: string, outlet: Outlet, made: string, title: string, place: Place): Doc {
  return connect(addBlock(doc, newBlock(made, { title }), place), id, outlet, made);
}

/** The item at `from` put `by` places further; the same list if it cannot. */
export function shifted<One>(many: readonly One[], from: number, by: -1 | 1): One[] {
  const list = [...many];
  const [one] = list.splice(from, 1);
  if (one === undefined || from + by < 0 || from + by > list.length) return [...many];
  list.splice(from + by, 0, one);
  return list;
}
