/**
 * The server's clock on this page.
 *
 * Every frame says what time it was on the server when it was made; it arrives later by the way of the frame, so the
 * largest offset seen is the nearest to the truth. Old samples are forgotten, so that a corrected clock is followed.
 */
export class ServerClock {
  private samples: number[] = [];
  private offset = 0;

  constructor(private readonly local: () => number = () => performance.timeOrigin + performance.now()) {}

  learn(serverNow: string): void {
    const at = Date.parse(serverNow);
    if (Number.isNaN(at)) return;
    this.samples.push(at - this.local());
    if (this.samples.length > 20) this.samples.shift();
    this.offset = Math.max(...this.samples);
  }

  /** Milliseconds since the epoch, by the server. */
  now(): number {
    return this.local() + this.offset;
  }
}
