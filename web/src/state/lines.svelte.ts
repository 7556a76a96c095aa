/** The console's lines: read anew every few seconds while the page is open, and after each order. */
import { get, post, Problem } from '../lib/api';
import type { LinesView } from '../lib/api.gen';

const every = 3_000;

export class Lines {
  view = $state.raw<LinesView | null>(null);
  problem = $state.raw<Problem | null>(null);

  /** Reads until the given function is called. */
  watch(): () => void {
    void this.run(() => get<LinesView>('/api/v1/lines'));
    const timer = setInterval(() => document.hidden || void this.run(() => get<LinesView>('/api/v1/lines')), every);
    return () => clearInterval(timer);
  }

  /** Whether it was done. */
  order(path: string, body: unknown): Promise<boolean> {
    return this.run(() => post<LinesView>(`/api/v1/lines/${path}`, body));
  }

  private async run(ask: () => Promise<LinesView>): Promise<boolean> {
    try {
      this.view = await ask();
      this.problem = null;
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      return false;
    }
  }
}
