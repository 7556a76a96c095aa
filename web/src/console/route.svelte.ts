/** Which part of the console is open; it stands in the address after #, so that Back and links work. */
export type Route =
  | { at: 'live' }
  | { at: 'campaigns'; id: number | null }
  | { at: 'calls'; campaign: number | null }
  | { at: 'call'; id: string }
  | { at: 'scripts'; id: number | null }
  | { at: 'statistics'; id: number | null; query: string }
  | { at: 'answers'; query: string }
  | { at: 'reviews' }
  | { at: 'lines' }
  | { at: 'listenings' }
  | { at: 'health' }
  | { at: 'hooks' };

export function parse(hash: string): Route {
  const [at, id, query = ''] = hash.replace(/^#\/?/, '').split('/');
  if (at === 'campaigns') return { at, id: Number(id) || null };
  if (at === 'scripts') return { at, id: Number(id) || null };
  if (at === 'calls') return { at, campaign: Number(id) || null };
  if (at === 'statistics') return { at, id: Number(id) || null, query };
  if (at === 'answers') return { at, query: id ?? '' };
  if (at === 'reviews' || at === 'lines' || at === 'listenings' || at === 'health' || at === 'hooks') return { at };
  if (at === 'call' && id) return { at, id };
  return { at: 'live' };
}

/** Whether the page may be left. */
export type Guard = () => Promise<boolean>;

class Router {
  route = $state.raw<Route>(parse(location.hash));
  private shown = location.hash;
  private guard: Guard | null = null;
  private asking = false;

  constructor() {
    addEventListener('hashchange', () => (this.guard ? void this.ask(this.guard) : this.follow()));
  }

  /** Until it is called off, no other part is opened before the guard agrees. Gives what calls it off. */
  hold(guard: Guard): () => void {
    this.guard = guard;
    return () => {
      if (this.guard === guard) this.guard = null;
    };
  }

  private async ask(guard: Guard): Promise<void> {
    if (this.asking || location.hash === this.shown) return;
    this.asking = true;
    const may = await guard().finally(() => (this.asking = false));
    if (may) this.follow();
    else history.replaceState(null, '', this.shown || '#');
  }
  private follow(): void {
    this.shown = location.hash;
    this.route = parse(this.shown);
  }
}

export const router = new Router();
