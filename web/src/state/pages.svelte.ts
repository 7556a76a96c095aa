/** A list that comes page by page: loading, error and "more" are states of it. */
import { get, Problem } from '../lib/api';
import type { Page } from '../lib/console';

export class Pages<Row> {
  rows = $state.raw<Row[]>([]);
  next = $state<string | null>(null);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);
  private path = '';
  private opened = 0;

  /** Begins anew: `path` may carry a query. */
  async open(path: string): Promise<void> {
    this.path = path;
    this.opened += 1;
    this.rows = [];
    this.next = null;
    await this.load('');
  }

  async more(): Promise<void> {
    if (this.next && !this.loading) await this.load(this.next);
  }

  private async load(cursor: string): Promise<void> {
    const { path, opened } = this;
    this.loading = true;
    this.problem = null;
    try {
      const joint = path.includes('?') ? '&' : '?';
      const page = await get<Page<Row>>(cursor ? `${path}${joint}cursor=${encodeURIComponent(cursor)}` : path);
      if (opened !== this.opened) return; // another list was opened meanwhile
      this.rows = [...this.rows, ...page.items];
      this.next = page.next;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (opened === this.opened) this.problem = error;
    } finally {
      if (opened === this.opened) this.loading = false;
    }
  }
}
