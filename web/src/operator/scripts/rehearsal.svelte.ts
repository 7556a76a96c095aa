/** A rehearsal: a bench for a run with nobody on the line. */
import { SvelteSet } from 'svelte/reactivity';
import { get, post, Problem } from '../../lib/api';
import type { Rehearsal, Rehearsals } from '../../lib/api.gen';
import type { RunView } from '../../lib/view';
import { run, type Bench } from '../../state/run.svelte';

class Learning implements Bench {
  one = $state.raw<Rehearsal | null>(null);
  problem = $state.raw<Problem | null>(null);
  choice = $state.raw<Rehearsals | null>(null);
  readonly busy = new SvelteSet<string>();

  get work(): { id: string; run: RunView } | null {
    return this.one && !this.one.went.kind ? { id: this.one.id, run: this.one.run } : null;
  }

  async list(): Promise<void> {
    this.choice = await get<Rehearsals>('/api/v1/rehearsals');
  }

  async begin(script: number, draft: boolean): Promise<void> {
    await this.ask('', { script, draft });
    if (this.one) remember(this.one.id);
  }

  async open(id: string): Promise<void> {
    this.one = await get<Rehearsal>(`/api/v1/rehearsals/${id}`);
    remember(id);
  }

  leave(): void {
    this.one = null;
    remember('');
    void this.list();
  }

  send(verb: 'step' | 'fields' | 'task' | 'end', body: object, quiet = false): Promise<boolean> {
    return this.ask(`/${this.one?.id}/${verb}`, body, verb, quiet);
  }

  private async ask(path: string, body: object, busy = 'begin', quiet = false): Promise<boolean> {
    if (!quiet) this.problem = null;
    this.busy.add(busy);
    try {
      this.one = await post<Rehearsal>(`/api/v1/rehearsals${path}`, body, 60_000);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!quiet) this.problem = error;
      return false;
    } finally {
      this.busy.delete(busy);
    }
  }
}

/** The address says which one it is, so that the page may be reloaded. */
function remember(id: string): void {
  history.replaceState(null, '', id ? `?rehearse&run=${id}` : '?rehearse');
}

export const learning = new Learning();
run.bench = learning;
