/** Sends the latest value within `delay` ms of the first change; one request at a time, and never an older value after a newer one. */
export class Autosave<Value> {
  private waiting: Value | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sending: Promise<void> | null = null;

  constructor(
    private readonly send: (value: Value) => Promise<void>,
    private readonly delay = 600,
  ) {}

  change(value: Value): void {
    this.waiting = value;
    this.timer ??= setTimeout(() => void this.flush(), this.delay);
  }

  /** Drops what has not been sent: it went with another request. */
  drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = undefined;
  }

  /** Sends what waits now, and ends when all is answered. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.sending) await this.sending;
    const value = this.waiting;
    if (value === undefined) return;
    this.waiting = undefined;
    this.sending = this.send(value).finally(() => (this.sending = null));
    await this.sending;
  }
}
