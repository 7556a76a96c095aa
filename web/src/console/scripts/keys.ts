/** The editor's keys: matched by the key's place, so that a Cyrillic layout works. */
import type { Direction } from './find';

export type Command =
  | { do: 'add' | 'layout' | 'preview' | 'undo' | 'redo' | 'search' | 'save' | 'help' | 'answer' | 'canvas' }
  | { do: 'go'; to: Direction | 'next' | 'previous' | 'first' | 'last' }
  | { do: 'move'; to: Direction }
  | { do: 'open' | 'remove' | 'all' | 'in' | 'out' | 'whole' };

export interface Press {
  code: string;
  shift: boolean;
  ctrl: boolean;
  alt: boolean;
  /** Where the focus is: the scheme itself, a field, or anything else of the editor. */
  at: 'scheme' | 'field' | 'page';
  singleKeys: boolean;
}

const arrows: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const single: Record<string, Command> = {
  KeyA: { do: 'add' },
  KeyL: { do: 'layout' },
  KeyP: { do: 'preview' },
};
const onScheme: Record<string, Command> = {
  PageDown: { do: 'go', to: 'next' },
  PageUp: { do: 'go', to: 'previous' },
  Home: { do: 'go', to: 'first' },
  End: { do: 'go', to: 'last' },
  Enter: { do: 'open' },
  NumpadEnter: { do: 'open' },
  Delete: { do: 'remove' },
  Backspace: { do: 'remove' },
  Equal: { do: 'in' },
  NumpadAdd: { do: 'in' },
  Minus: { do: 'out' },
  NumpadSubtract: { do: 'out' },
  Digit0: { do: 'whole' },
};
export function command(press: Press): Command | null {
  if (press.alt) return null;
  if (press.ctrl) return withControl(press);
  if (press.code === 'F1') return { do: 'help' };
  if (press.code === 'Escape') return { do: 'canvas' };
  if (press.at === 'field') return null;
  if (press.at === 'scheme') {
    const arrow = arrows[press.code];
    if (arrow) return { do: press.shift ? 'move' : 'go', to: arrow };
    const found = onScheme[press.code];
    if (found && !press.shift) return found;
  }
  return press.singleKeys && !press.shift ? (single[press.code] ?? null) : null;
}

function withControl(press: Press): Command | null {
  if (press.code === 'KeyZ') return { do: press.shift ? 'redo' : 'undo' };
  if (press.shift) return null;
  if (press.code === 'KeyY') return { do: 'redo' };
  if (press.code === 'KeyF') return { do: 'search' };
  if (press.code === 'KeyS') return { do: 'save' };
  if (press.code === 'Enter' || press.code === 'NumpadEnter') return { do: 'answer' };
  return press.at !== 'field' && press.code === 'KeyA' ? { do: 'all' } : null;
}
