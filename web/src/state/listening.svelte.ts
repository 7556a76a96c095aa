/** A supervisor at live calls: what is pressed, and why it can't be. What comes of it, the live view shows. */
import { post, Problem } from '../lib/api';
import type { EarLine, LiveCall } from '../lib/console';
import { board } from './board.svelte';
import type { Me } from './me';
import { explain, prefs, t } from './prefs.svelte';

export const modes = ['listen', 'whisper', 'barge'] as const;
export type Mode = (typeof modes)[number];

class Listening {
  me = $state.raw<Me | null>(null);
  problem = $state.raw<string>('');
  private busy = false;

  /** The supervisor's own ear, if there is one. */
  get ear(): EarLine | null {
    return board.view?.ears.find((one) => one.user_id === this.me?.id) ?? null;
  }

  reason(call: LiveCall): string | null {
    if (!board.up) return t('why.offline');
    if (!this.me?.phone.endpoint) return t('listen.why.no_phone');
    return call.why_not ? (prefs.text(`listen.why.${call.why_not}`) ?? t('listen.why.not_talking')) : null;
  }

  listen = (call: string, mode: Mode): Promise<void> => this.press('listen', { call, mode });
  stop = (): Promise<void> => this.press('stop', {});
  takeOver = (call: string): Promise<void> => this.press('take_over', { call });

  private async press(what: string, body: object): Promise<void> {
    if (this.busy) return; // a double click is one press
    this.busy = true;
    this.problem = '';
    try {
      await post(`/api/v1/live/${what}`, body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = explain(error);
    } finally {
      this.busy = false;
    }
  }
}

export const listening = new Listening();
