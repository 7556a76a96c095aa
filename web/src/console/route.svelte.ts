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

class Router {
  route = $state.raw<Route>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.route = parse(location.hash)));
  }
}

export const router = new Router();
