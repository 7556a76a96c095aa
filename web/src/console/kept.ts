/** What is written and not yet safe on the server: kept in this browser until it is saved, or let go by hand. */
import { Autosave } from '../lib/autosave';
import { openWords, type Words } from '../lib/words';

/** Words of a moment, made of a revision. `before`: older ones that nobody has decided on yet. */
export interface Kept<Value> {
  value: Value;
  revision: number;
  at: string;
  before: Kept<Value> | null;
}

const FLUSH_MS = 3_000;

export class Keep<Value> {
  /** What an earlier page could not save: it is offered, and stays kept until one has decided. */
  left: Kept<Value> | null = null;
  private readonly writing: Autosave<Kept<Value>>;

  constructor(
    private readonly key: string,
    private readonly words: Words<Kept<Value>> = openWords(),
  ) {
    this.writing = new Autosave((kept) => this.words.set(this.key, kept), 300);
  }

  /** Looks for what an earlier page left, unless the server has just that. */
  async look(known: Value): Promise<Kept<Value> | null> {
    let found = (await this.words.get(this.key)) ?? null;
    while (found && same(found.value, known)) found = found.before;
    this.left = found;
    return found;
  }
  change(value: Value, revision: number): void {
    this.writing.change({ value, revision, at: new Date().toISOString(), before: this.left });
  }
  /** The server has all that was written since; what is still offered stays. */
  async saved(): Promise<void> {
    this.writing.drop();
    await (this.left ? this.words.set(this.key, this.left) : this.words.remove(this.key));
  }
  /** What was offered is decided on; gives what is older still. */
  decided(): Kept<Value> | null {
    this.left = this.left?.before ?? null;
    return this.left;
  }
  flush(): Promise<void> {
    return this.writing.flush();
  }
}

/** Whether one may leave: what is unsaved is sent first; where that does not come through in time, one is asked. */
export async function mayLeave(flush: () => Promise<boolean>, ask: () => boolean, patience = FLUSH_MS): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((done) => (timer = setTimeout(() => done(false), patience)));
  const sent = await Promise.race([flush(), late]);
  clearTimeout(timer);
  return sent || ask();
}

const same = (one: unknown, other: unknown): boolean => sorted(one) === sorted(other);
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
