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
  let stopped = false;
  let woken = false;
  let endPause: (() => void) | null = null;
  const pause = (forMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, forMs);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    while (!stopped) {
      woken = false;
      const next = await round(options);
      if (stopped || woken || next === 'again') continue;
      await pause(next === 'idle' ? options.idleMs : Math.max(0, Math.min(options.idleMs, next.at - options.now())));
      endPause = null;
    }
  };
  const running = run();
  return {
    wake() {
      woken = true;
      endPause?.();
    },
    async stop() {
      stopped = true;
      endPause?.();
      await running;
    },
  };
}

async function round({ work, name, log }: LoopOptions): Promise<Next> {
  try {
    return await work();
  } catch (error) {
    log.warn({ err: error, loop: name }, 'a round failed and will be taken again');
    return 'idle';
  }
}
