/** What the keys and buttons do. One way for both: a double click is dropped like a double press. */
import { Throttle, type Action } from '../lib/keys';
import type { DeskState } from '../lib/view';
import { desk, type Verb } from '../state/desk.svelte';
import { phone } from '../state/phone.svelte';
import { t } from '../state/prefs.svelte';
import type { Key } from '../lib/i18n';
import { control, panel } from './control.svelte';
import { result } from '../state/result.svelte';
import { run } from '../state/run.svelte';
import type { IconName } from '../ui/icons';

export const dialog = $state({ keys: false, todo: false, scripts: false });
const throttle = new Throttle();

export interface Command {
  label: Key;
  icon: IconName;
  reason: string | null;
  run: () => void;
}

const send = (verb: Verb, body: object): void => {
  if (!desk.busy.has(verb)) void desk.send(verb, body);
};

/** The work's verbs carry its id, so that a late press never meets the next client. */
function sendWork(verb: Verb, body: object = {}): void {
  const work = desk.work;
  if (work) send(verb, { work: work.id, ...body });
}

const startSession = (): void => {
  phone.expect();
  send('session', { on: true });
};
export const endSession = (): void => send('session', { on: false });
/** With a client on the page: the break begins after this one. */
export const takeBreak = (on: boolean): void => {
  if (throttle.allows('break')) send('break', { on });
};
export const next = (): void => send('next', {});
export const chooseCampaign = (campaign: number): void => send('campaign', { campaign });
export const dial = (to: number | null): void => {
  if (throttle.allows('dial')) sendWork('dial', { phone: to });
};

const primaries: Record<DeskState, { label: Key; icon: IconName; run: () => void; why?: Key }> = {
  offline: { label: 'do.start', icon: 'headset', run: startSession },
  connecting: { label: 'do.start', icon: 'headset', run: startSession, why: 'why.connecting' },
  ready: { label: 'do.next', icon: 'user', run: next },
  break: { label: 'do.return', icon: 'play', run: () => send('break', { on: false }) },
  preview: { label: 'do.dial', icon: 'phone', run: () => dial(null) },
  filling: { label: 'do.aside', icon: 'undo', run: () => sendWork('aside') },
  offered: { label: 'do.answer', icon: 'incoming', run: () => sendWork('answer') },
  dialling: { label: 'do.dial', icon: 'phone', run: () => undefined, why: 'why.dialling' },
  ringing: { label: 'do.dial', icon: 'phone', run: () => undefined, why: 'why.dialling' },
  helping: { label: 'do.next', icon: 'user', run: next, why: 'why.helping' },
  talking: { label: 'do.dial', icon: 'phone', run: () => undefined, why: 'why.talking' },
  wrapup: { label: 'do.dial', icon: 'phone', run: () => undefined, why: 'why.wrapup' },
};

/** F2: whatever is next. */
export function primary(): Command {
  const state = desk.view?.state ?? 'offline';
  if (desk.work?.call?.away_until) return { label: 'do.rejoin', icon: 'undo', reason: rejoinReason(), run: rejoin };
  const lost = desk.view?.session_up === false && (state === 'preview' || state === 'wrapup');
  const { label, icon, run: go, why } = primaries[lost ? 'offline' : state];
  return { label, icon, reason: why ? t(why) : hindrance(lost ? 'offline' : state), run: go };
}

/** The phone dropped off in mid-call: it is rung anew, and the client who waits is joined to it. */
export const rejoin = (): void => {
  phone.expect();
  send('rejoin', {});
};

function rejoinReason(): string | null {
  const view = desk.view;
  if (!view || !desk.up) return t('why.offline');
  if (!view.pbx_up) return t('why.pbx');
  if (phone.wanted && !phone.ready) return t('why.phone');
  return view.session_up ? t('why.connecting') : null;
}

function hindrance(state: DeskState): string | null {
  const view = desk.view;
  if (!view || !desk.up) return t('why.offline');
  if (!view.pbx_up && state !== 'break' && state !== 'ready') return t('why.pbx');
  if (state === 'offline') return phone.wanted && !phone.ready ? t('why.phone') : null;
  if (state === 'ready') return view.campaign ? null : t('why.campaign');
  if (state === 'preview' && !view.work?.card.phones.length) return t('why.no_phone');
  return null;
}

const inCall = (): boolean => ['dialling', 'ringing', 'talking'].includes(desk.view?.state ?? '');
export const muteReason = (): string | null => (desk.view?.state === 'talking' ? null : t('why.no_talk'));
export const pauseReason = (): string | null =>
  muteReason() ?? (desk.work?.call?.recorded ? null : t('why.not_recorded')) ?? (desk.view?.pbx_up ? null : t('why.pbx'));
export const hangupReason = (): string | null => (inCall() || desk.view?.state === 'helping' ? null : t('why.no_call'));
/** With a third who was asked, F9 hangs up the third: the client comes back. */
export const hangsUpThird = (): boolean => {
  const third = desk.work?.call?.third;
  return third?.stage === 'speaking' || (third?.stage === 'ringing' && third.goal !== 'take_over');
};

function hangup(): void {
  if (hangupReason()) return;
  if (desk.view?.state === 'helping') send('leave', {});
  else sendWork('hangup');
}


function toggleMute(): void {
  if (muteReason()) return;
  const on = !desk.work?.call?.muted;
  phone.setMuted(on); // at once; the server follows and says so to the page
  sendWork('mute', { on });
}

/** Nothing is said to be paused before the server has said so: a card number spoken too soon would be recorded. */
function togglePause(): void {
  if (!pauseReason()) sendWork('pause', { on: !desk.work?.call?.recording_paused });
}

function save(): void {
  if (desk.work) void trySave(true);
  else if (desk.view?.state === 'ready' && !primary().reason) next();
}

/** A refused save leads to what it lacks. */
export async function trySave(goOn: boolean): Promise<void> {
  await result.save(goOn);
  const place = { disposition: 'results', comment: 'comment', callback: 'callback-at', talking: null };
  const lack = result.asked && place[result.asked];
  if (lack === 'results') focusResults();
  else if (lack) document.getElementById(lack)?.focus();
}

export function focusResults(): void {
  document.querySelector<HTMLElement>('#results [tabindex="0"]')?.focus();
}

/** Between clients the digits choose a campaign, where there is none yet or another is wanted. */
function answer(index: number): void {
  const campaign = desk.work ? undefined : desk.view?.campaigns[index];
  if (campaign) return chooseCampaign(campaign.id);
  const chosen = run.current?.block.answers[index];
  if (chosen) void run.move({ kind: 'answer', answer: chosen.id });
}

function jump(index: number): void {
  const chosen = run.current?.jumps[index];
  if (chosen) void run.move({ kind: 'jump', jump: chosen.id });
}

export function perform(act: Action): void {
  if (!throttle.allows(JSON.stringify(act))) return;
  switch (act.do) {
    case 'help':
      dialog.keys = !dialog.keys;
      break;
    case 'primary':
      if (!primary().reason) primary().run();
      break;
    case 'save':
      save();
      break;
    case 'mute':
      toggleMute();
      break;
    case 'pause':
      togglePause();
      break;
    case 'hangup':
      hangup();
      break;
    case 'scripts':
      if (desk.work ? run.current : desk.view && !desk.view.guest) dialog.scripts = true;
      break;
    case 'results':
      focusResults();
      break;
    case 'hold':
    case 'third':
    case 'digits':
    case 'together':
    case 'clientBack':
      control(act.do);
      break;
    case 'callback':
      if (desk.work) result.callback(act.minutes);
      break;
    default:
      script(act);
  }
}

function script(act: Action): void {
  if (act.do === 'return' && panel.open) {
    panel.open = null;
    return;
  }
  if (act.do === 'answer') return answer(act.index);
  const at = run.current;
  if (!at) return;
  if (act.do === 'jump') jump(act.index);
  else if (act.do === 'none') run.noting = !at.block.end;
  else if (act.do === 'back' && at.can_go_back) void run.move({ kind: 'back' });
  else if (act.do === 'return' && at.in_jump) void run.move({ kind: 'return' });
}
