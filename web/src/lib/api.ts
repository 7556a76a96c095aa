/** Requests to the server. Every press has its own idempotency key; after a network loss the same key is sent again. */
import type { RefusedPress } from './api.gen';
import { pause } from './backoff';

/** The server's refusal (RFC 9457), or `network` when it could not be reached in time. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly params: Record<string, string | number> = {},
    text = '',
  ) {
    super(text || code);
  }
}

export interface Wire {
  fetch: typeof fetch;
  sleep: (ms: number) => Promise<void>;
  now: () => number;
  key: () => string;
}

const browser: Wire = {
  fetch: (...args) => fetch(...args),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  now: () => performance.now(),
  key: newKey,
};

/** A random UUID. `crypto.randomUUID` exists only in secure contexts; an office's plain-HTTP server is none. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export async function get<T>(path: string, wire: Wire = browser): Promise<T> {
  const response = await attempt(() => wire.fetch(path, { headers: { Accept: 'application/json' } }));
  return read<T>(response);
}

/** Sends until answered or `patience` ms have passed. A restarting proxy's 502, 503, 504 count as no answer. */
export async function post<T>(path: string, body: unknown, patience = 10_000, wire: Wire = browser): Promise<T> {
  const until = wire.now() + patience;
  const init: RequestInit = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Callwright': '1', 'Idempotency-Key': wire.key() },
    body: JSON.stringify(body),
  };
  for (let tries = 0; ; tries += 1) {
    try {
      const signal = AbortSignal.timeout(8_000); // the daemon answers in tens of ms; a stalled socket is a lost one
      const response = await attempt(() => wire.fetch(path, { ...init, signal }));
      if (![502, 503, 504].includes(response.status) || isOurs(response)) return await read<T>(response);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'network') throw error;
    }
    const rest = until - wire.now();
    if (rest <= 0) throw new Problem('network', 0);
    await wire.sleep(Math.min(pause(tries), rest));
  }
}

async function attempt(send: () => Promise<Response>): Promise<Response> {
  try {
    return await send();
  } catch {
    throw new Problem('network', 0); // fetch rejects only when there is no answer at all
  }
}

const isOurs = (response: Response): boolean => (response.headers.get('Content-Type') ?? '').includes('problem+json');

type Told = Partial<RefusedPress>;

async function read<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  const refused = (body as { refused?: Told | null } | null)?.refused; // a press that changed nothing, with its reason
  if (response.ok && !refused) return body as T;
  const problem = (refused ?? body ?? {}) as Told;
  throw new Problem(problem.code ?? `http_${response.status}`, response.status, problem.params, problem.title);
}
