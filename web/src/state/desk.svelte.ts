/** The operator's desk: the newest whole state, the connection it comes by, and the verbs. */
import { SvelteSet } from 'svelte/reactivity';
import { get, post, Problem } from '../lib/api';
import { ServerClock } from '../lib/clock';
import { Live } from '../lib/live';
import { Order } from '../lib/order';
import type { DeskFrame, DeskView, WorkView } from '../lib/view';
import { toLogin } from './me';
import { prefs } from './prefs.svelte';

export type Verb =
  | 'session'
  | 'campaign'
  | 'break'
  | 'next'
  | 'dial'
  | 'answer'
  | 'hangup'
  | 'mute'
  | 'pause'
  | 'hold'
  | 'digits'
  | 'transfer'
  | 'complete'
  | 'join'
  | 'back'
  | 'leave'
  | 'rejoin'
  | 'step'
  | 'fields'
  | 'draft'
  | 'task'
  | 'script'
  | 'aside'
  | 'resume'
  | 'client'
  | 'save';

/** What rings or ends a phone must not be sent late; what is written down is worth waiting for. */
const patience: Partial<Record<Verb, number>> = { step: 600_000, fields: 600_000, draft: 600_000, client: 600_000, save: 60_000 };

/** A press that was refused for one of the script's actions: it may be made without it. */
export interface Held {
  verb: Verb;
  body: { without?: number[] };
  problem: Problem;
}

class Desk {
  held = $state.raw<Held | null>(null);
  view = $state.raw<DeskView | null>(null);
  up = $state(false);
  lostAt = $state(0);
  now = $state(0);
  problem = $state.raw<Problem | null>(null);
  readonly busy = new SvelteSet<Verb>();
  private readonly clock = new ServerClock();
  private readonly order = new Order();
  private shownLanguage = '';

  start(): void {
    this.lostAt = this.now = this.clock.now();
    setInterval(() => (this.now = this.clock.now()), 250);
    new Live<DeskFrame>('/api/v1/live', {
      frame: (frame) => frame.type === 'desk' && this.show(frame),
      up: (isUp) => this.connection(isUp),
      logout: toLogin,
    });
  }

  get work(): WorkView | null {
    return this.view?.work ?? null;
  }

  /** Seconds since an instant, by the server's clock. */
  since(iso: string): number {
    return (this.now - Date.parse(iso)) / 1000;
  }

  /** Sends a verb. True if it was done; a problem is kept to be shown, unless `quiet`. */
  async send(verb: Verb, body: object, quiet = false): Promise<boolean> {
    if (!quiet) this.problem = null;
    this.busy.add(verb);
    try {
      this.show(await post<DeskFrame>(`/api/v1/desk/${verb}`, body, patience[verb]));
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) toLogin();
      if (error.params.nth !== undefined) this.held = { verb, body, problem: error };
      else if (!quiet) this.problem = error;
      return false;
    } finally {
      this.busy.delete(verb);
    }
  }

  private show(frame: DeskFrame): void {
    this.clock.learn(frame.desk.server_now);
    if (!this.order.accept(frame.stream, frame.seq)) return;
    this.now = this.clock.now();
    this.view = frame.desk;
    this.follow(frame.desk);
  }

  /** A choice made on another page of the same operator is followed; our own is here already. */
  private follow({ operator }: DeskView): void {
    const chosen = `${operator.language} ${operator.theme} ${operator.single_keys}`;
    if (chosen === this.shownLanguage) return;
    this.shownLanguage = chosen;
    prefs.singleKeys = operator.single_keys;
    if (operator.theme !== prefs.theme) prefs.setTheme(operator.theme);
    if (operator.language !== prefs.language) void prefs.setLanguage(operator.language);
  }

  private connection(isUp: boolean): void {
    if (this.up && !isUp) this.lostAt = this.now;
    this.up = isUp;
    if (!isUp) void this.checkLogin();
  }

  /** A refused socket does not say why; the session may have ended. */
  private async checkLogin(): Promise<void> {
    try {
      await get('/api/v1/me');
    } catch (error) {
      if (error instanceof Problem && error.status === 401) toLogin();
    }
  }
}

export const desk = new Desk();
