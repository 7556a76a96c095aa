/** Which parts of a recording were played: the server writes them down. */
export interface Part {
  from: number;
  to: number;
}

/** Tells which parts were played: one ends where playing stops, or goes on at another place. */
export class Ear {
  private part: Part | null = null;

  constructor(private readonly heard: (part: Part) => void) {}

  at(second: number): void {
    const part = this.part;
    if (part && second >= part.to && second - part.to < 2) part.to = second;
    else {
      this.rest();
      this.part = { from: second, to: second };
    }
  }

  rest(): void {
    const part = this.part;
    this.part = null;
    if (part && part.to - part.from >= 0.2) this.heard(part);
  }
}
