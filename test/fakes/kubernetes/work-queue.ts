/** Runs work by key after a delay, one run for many requests, and knows when nothing is left to do. */
export class WorkQueue {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #held = new Map<string, () => void>();
  readonly #idle = new Set<() => void>();
  #holding = false;
  #stopped = false;

  /** Asks for the work; a request for the same key that still waits is the same request. */
  add(key: string, delayMs: number, work: () => void): void {
    if (this.#stopped || this.#timers.has(key)) return;
    if (this.#holding) {
      this.#held.set(key, work);
      return;
    }
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        if (this.#holding) this.#held.set(key, work);
        else work();
        this.#announce();
      }, delayMs),
    );
  }

  /** Keeps all work back until `release`. */
  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    const waiting = [...this.#held];
    this.#held.clear();
    for (const [key, work] of waiting) this.add(key, 0, work);
  }

  get busy(): boolean {
    return this.#timers.size > 0;
  }

  /** Resolves when nothing waits any more, but for what is held back. */
  async settled(): Promise<void> {
    if (!this.busy) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#announce();
  }

  #announce(): void {
    if (this.#timers.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
