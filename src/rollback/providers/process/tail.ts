/** Keeps the end of what is written, up to a number of bytes. */
export class Tail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #truncated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > 2 * this.#limit) this.#compact();
  }

  text(): string {
    this.#compact();
    return this.#chunks.map((chunk) => chunk.toString('utf8')).join('');
  }

  /** Not with every chunk: a program that writes byte by byte would make us copy all of it each time. */
  #compact(): void {
    const whole = Buffer.concat(this.#chunks);
    this.#truncated ||= whole.length > this.#limit;
    const kept = whole.length > this.#limit ? whole.subarray(whole.length - this.#limit) : whole;
    this.#chunks = [Buffer.from(kept)];
    this.#size = kept.length;
  }
}
