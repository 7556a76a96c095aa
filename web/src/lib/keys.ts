/**
 * The operator's keys. They are matched by the key's place (`event.code`), so that a Cyrillic layout works, and dropped
 * inside fields, except function keys and Ctrl+Enter. Not Alt+letter, F3, F5 to F7, F10 to F12: they are the browser's.
 */
export type Action =
  | { do: 'answer'; index: number }
  | { do: 'jump'; index: number }
  | { do: 'callback'; minutes: 15 | 30 | 60 }
  | { do: CallControl }
  | { do: 'none' | 'back' | 'return' | 'primary' | 'mute' | 'pause' | 'hangup' | 'results' | 'save' | 'help' | 'scripts' };

/** In a call, by single letters: hold, transfer, digits, group, back. */
export type CallControl = 'hold' | 'third' | 'digits' | 'together' | 'clientBack';

export interface Press {
  code: string;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
  inField: boolean;
  singleKeys: boolean;
}

const always: Record<string, Action> = {
  F1: { do: 'help' },
  F2: { do: 'primary' },
  F4: { do: 'results' },
  F8: { do: 'mute' },
  F9: { do: 'hangup' },
};
const inCall: Record<string, CallControl> = {
  KeyH: 'hold',
  KeyT: 'third',
  KeyD: 'digits',
  KeyG: 'together',
  KeyB: 'clientBack',
};
const jumps = ['KeyQ', 'KeyW', 'KeyE', 'KeyR'];
const callbacks: Record<string, 15 | 30 | 60> = { '1': 15, '2': 30, '3': 60 };

export function action(press: Press): Action | null {
  if (press.alt) return null;
  if (press.ctrl) return isEnter(press.code) ? { do: 'save' } : null;
  const named = always[press.code];
  if (named && press.shift) return press.code === 'F8' ? { do: 'pause' } : null;
  if (named) return named;
  if (press.inField) return null;
  if (press.code === 'Backspace') return { do: 'back' };
  if (press.code === 'Escape') return { do: 'return' };
  return press.singleKeys ? single(press) : null;
}

function single(press: Press): Action | null {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(press.code)?.[1];
  if (digit !== undefined) return press.shift ? callback(digit) : answer(Number(digit));
  const control = inCall[press.code];
  if (control) return press.shift ? null : { do: control };
  if (press.code === 'KeyS') return press.shift ? null : { do: 'scripts' };
  const jump = jumps.indexOf(press.code);
  return jump >= 0 && !press.shift ? { do: 'jump', index: jump } : null;
}

const isEnter = (code: string): boolean => code === 'Enter' || code === 'NumpadEnter';
const answer = (digit: number): Action => (digit ? { do: 'answer', index: digit - 1 } : { do: 'none' });

function callback(digit: string): Action | null {
  const minutes = callbacks[digit];
  return minutes ? { do: 'callback', minutes } : null;
}

/** Drops a repeat of the same action within 400 ms: a double press is one press. */
export class Throttle {
  private readonly last = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  allows(name: string): boolean {
    const at = this.now();
    const before = this.last.get(name);
    if (before !== undefined && at - before < 400) return false;
    this.last.set(name, at);
    return true;
  }
}

export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement;
}
