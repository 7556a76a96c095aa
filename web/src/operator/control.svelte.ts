/** The buttons of a call: what each does, and why it can't be pressed now. The server says both; here are their words. */
import type { CallControl } from '../lib/keys';
import type { ControlsView } from '../lib/view';
import { desk, type Verb } from '../state/desk.svelte';
import { phone } from '../state/phone.svelte';
import { coded, t } from '../state/prefs.svelte';

/** Which panel of the card is open. */
export const panel = $state<{ open: 'third' | 'digits' | null }>({ open: null });

/** Why a button is disabled, null where it can be pressed. */
export function reasonOf(button: keyof ControlsView): string | null {
  if (!desk.up) return t('why.offline');
  const call = desk.work?.call;
  if (!call) return t('why.no_talk');
  const code = call.controls[button];
  return code ? coded('control', code) : null;
}

/** T brings somebody in; with a third there it hands the client over. */
export const thirdReason = (): string | null => reasonOf(desk.work?.call?.third ? 'complete' : 'transfer');

function send(verb: Verb, body: object = {}): void {
  if (desk.work && !desk.busy.has(verb)) void desk.send(verb, { work: desk.work.id, ...body });
}

export function control(what: CallControl): void {
  const call = desk.work?.call;
  if (what === 'third' && !call?.third) return toggle('third', reasonOf('transfer'));
  if (what === 'digits') return toggle('digits', reasonOf('digits'));
  if (what === 'hold' && !reasonOf('hold')) send('hold', { on: !call?.held });
  if (what === 'third' && !reasonOf('complete')) send('complete');
  if (what === 'together' && !reasonOf('join')) send('join');
  if (what === 'clientBack' && !reasonOf('back')) send('back');
}

function toggle(which: 'third' | 'digits', reason: string | null): void {
  if (panel.open === which) panel.open = null;
  else if (!reason) panel.open = which;
}

export async function bringIn(target: { colleague: number } | { number: string }, consult: boolean): Promise<void> {
  const work = desk.work;
  if (work && (await desk.send('transfer', { work: work.id, consult, ...target }))) panel.open = null;
}

/** Keys typed faster than they go out are sent together, in their order. */
class Digits {
  sent = $state('');
  private waiting = '';
  private sending = false;

  press(digit: string): void {
    if (reasonOf('digits')) return;
    this.sent = (this.sent + digit).slice(-24);
    this.waiting += digit;
    if (!this.sending) void this.flush();
  }

  clear(): void {
    this.sent = '';
  }

  private async flush(): Promise<void> {
    this.sending = true;
    while (this.waiting && desk.work) {
      const digits = this.waiting.slice(0, 32);
      this.waiting = this.waiting.slice(32);
      await desk.send('digits', { work: desk.work.id, digits });
    }
    this.waiting = '';
    this.sending = false;
  }
}

export const digits = new Digits();

/** The page was loaded anew in mid-session: its phone has no call, though the PBX may think that it has. */
export function isAdrift(): boolean {
  const view = desk.view;
  if (!view || !phone.wanted || !phone.adrift || !phone.ready || phone.call !== 'none') return false;
  return view.pbx_up && (view.session_up || Boolean(view.work?.call?.away_until));
}
