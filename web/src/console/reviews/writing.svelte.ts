/** One's own review while it is written: sent as it changes, again every 5 s where that fails, kept in this browser meanwhile. */
import type { Card, Review } from '../../lib/api.gen';
import { post, Problem } from '../../lib/api';
import { Autosave } from '../../lib/autosave';
import { Keep, type Kept } from '../kept';

const AGAIN_MS = 5_000;

export class Writing {
  card = $state.raw<Card>({ scores: {}, marks: [], comment: '' });
  saved = $state(true);
  left = $state.raw<Kept<Card> | null>(null);
  problem = $state.raw<Problem | null>(null);
  private id = 0;
  private keep: Keep<Card> | null = null;
  private closed = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly autosave = new Autosave<Card>((card) => this.send(card, false));

  constructor(private readonly put: (review: Review) => void) {}

  /** Goes on with a review that has been begun. */
  open({ id, card }: Review, reader: number): void {
    this.id = id;
    this.card = card;
    const keep = new Keep<Card>(`review ${reader} ${id}`);
    this.keep = keep;
    void keep.look(card).then((left) => (this.left = left));
  }
  change(card: Card): void {
    this.card = card;
    this.saved = false;
    this.keep?.change(card, 0);
    this.autosave.change(card);
  }
  putBack(): void {
    const { left } = this;
    this.left = this.keep?.decided() ?? null;
    if (left) this.change(left.value);
  }
  letGo(): void {
    this.left = this.keep?.decided() ?? null;
    if (this.saved) void this.keep?.saved();
    else this.keep?.change(this.card, 0);
  }
  /** Sends what waits; false if it could not be kept. */
  async flush(): Promise<boolean> {
    void this.keep?.flush();
    if (!this.saved) this.autosave.change(this.card);
    await this.autosave.flush();
    return this.saved;
  }
  async give(): Promise<void> {
    if (await this.flush()) await this.send(this.card, true);
  }
  close(): void {
    this.closed = true;
    clearTimeout(this.again);
    void this.flush();
  }

  private async send(card: Card, give: boolean): Promise<void> {
    clearTimeout(this.again);
    try {
      const review = await post<Review>(`/api/v1/reviews/${this.id}`, { card, give });
      this.problem = null;
      if (this.card === card) {
        this.saved = true;
        void this.keep?.saved();
      }
      this.put(review);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      if (!this.saved && !this.closed) this.again = setTimeout(() => this.autosave.change(this.card), AGAIN_MS);
    }
  }
}
