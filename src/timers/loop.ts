/** How long to wait before the next round: nothing left to do (`idle`), at once (`again`), or until a moment. */
export type Next = 'again' | 'idle' | { readonly at: number };

export interface LoopOptions {
  readonly name: string;
  /** One round. What it throws is logged and the loop goes on after `idleMs`. */
  readonly work: () => Promise<Next>;
  /** The longest pause: what a lost wake-up costs at most. */
  readonly idleMs: number;
  readonly now: () => number;
  readonly log: { warn(details: object, message: string): void };
}

export interface Loop {
  /** Something may be to do: do not wait for the pause to end. */
  wake(): void;
  /** Lets the round under way finish. */
  stop(): Promise<void>;
}

/** Runs rounds one after another, for ever. */
export function startLoop(options: LoopOptions): Loop {
  const loop = new RunningLoop(options);
  loop.start();
  return loop;
}

class RunningLoop implements Loop {
  readonly #options: LoopOptions;
  #stopped = false;
  #woken = false;
  #endPause: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  wake(): void {
    this.#woken = true;
    this.#endPause?.();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false;
      const next = await round(this.#options);
      if (next !== 'again') await this.#pause(next);
    }
  }

  /** Unless something came up during the round. */
  #pause(next: 'idle' | { readonly at: number }): Promise<void> {
    const { idleMs, now } = this.#options;
    const forMs = next === 'idle' ? idleMs : Math.max(0, Math.min(idleMs, next.at - now()));
    return new Promise((resolve) => {
      if (this.#stopped || this.#woken) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, forMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function round({ work, name, log }: LoopOptions): Promise<Next> {
  try {
    return await work();
  } catch (error) {
    log.warn({ err: error, loop: name }, 'a round failed and will be taken again');
    return 'idle';
  }
}
