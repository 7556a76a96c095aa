/**
 * Which whole state is the newest: states carry (stream, seq); a new daemon is a new stream.
 *
 * The socket's first frame names the living stream; answers to requests may come late and from a stream
 * that has ended, and those are dropped.
 */
export class Order {
  private stream = '';
  private seq = -1;
  private readonly ended = new Set<string>();

  /** True if the frame is newer than all that was shown, and is to be shown. */
  accept(stream: string, seq: number): boolean {
    if (stream === this.stream) {
      if (seq <= this.seq) return false;
      this.seq = seq;
      return true;
    }
    if (this.ended.has(stream)) return false;
    if (this.stream) this.ended.add(this.stream);
    this.stream = stream;
    this.seq = seq;
    return true;
  }
}
