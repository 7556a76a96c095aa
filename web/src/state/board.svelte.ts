/** The console's live state: the newest whole picture, and the connection it comes by. */
import { get, Problem } from '../lib/api';
import { ServerClock } from '../lib/clock';
import type { ConsoleFrame, ConsoleView } from '../lib/console';
import { Live } from '../lib/live';
import { Order } from '../lib/order';
import { toLogin } from './me';

class Board {
  view = $state.raw<ConsoleView | null>(null);
  up = $state(false);
  now = $state(Date.now());
  private readonly clock = new ServerClock();
  private readonly order = new Order();

  start(): void {
    setInterval(() => (this.now = this.clock.now()), 500);
    new Live<ConsoleFrame>('/api/v1/live?view=console', {
      frame: (frame) => frame.type === 'console' && this.show(frame),
      up: (isUp) => {
        this.up = isUp;
        if (!isUp) void get('/api/v1/me').catch((error: unknown) => this.lost(error));
      },
      logout: toLogin,
    });
  }

  since(iso: string): number {
    return (this.now - Date.parse(iso)) / 1000;
  }

  private show(frame: ConsoleFrame): void {
    this.clock.learn(frame.console.server_now);
    if (this.order.accept(frame.stream, frame.seq)) this.view = frame.console;
  }

  private lost(error: unknown): void {
    if (error instanceof Problem && error.status === 401) toLogin();
  }
}

export const board = new Board();
