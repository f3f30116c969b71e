import type { Clock } from '../../domain/time.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Ends early, by throwing, when the signal says so. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export type Turn<T> =
  | { readonly run: true; readonly value: T }
  /** Its turn did not come in time, and nothing was done. */
  | { readonly run: false; readonly waitMs: number };

export interface Pace {
  inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<Turn<T>>;
  /** Nobody's turn comes before this time is over. */
  hold(milliseconds: number): void;
}

/** The API allows 60 requests in a window of 60 s. */
const INTERVAL_MS = 1_000;
/** Who would have to wait longer hears so at once: the job queue waits better. */
const LONGEST_WAIT_MS = 5_000;

/** One at a time, and a second after the one before was answered. */
export const createPace = ({ clock, sleep }: PaceOptions): Pace => {
  let tail: Promise<unknown> = Promise.resolve();
  let freeAt = 0;
  const waitMs = (): number => Math.max(0, freeAt - clock.now());

  /** Whether the turn came. Asked anew after each wait, because somebody may have been told to wait longer meanwhile. */
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    for (let wait = waitMs(); wait > 0 && !signal.aborted; wait = waitMs()) {
      if (wait > LONGEST_WAIT_MS) return false;
      try {
        await sleep(wait, signal);
      } catch {
        return false;
      }
    }
    return !signal.aborted;
  };

  return {
    inTurn: (signal, work) =>
      new Promise((resolve, reject) => {
        const inVain = (): void => {
          resolve({ run: false, waitMs: Math.max(INTERVAL_MS, waitMs()) });
        };
        // Whoever waits behind a slow one and runs out of time is told so, and later passes its turn on.
        signal.addEventListener('abort', inVain, { once: true });
        tail = tail.then(async () => {
          if (!(await turn(signal))) {
            inVain();
            return;
          }
          signal.removeEventListener('abort', inVain);
          await work().then((value) => {
            resolve({ run: true, value });
          }, reject);
          // From the answer on, because nobody but the other side knows when the request arrived.
          freeAt = Math.max(freeAt, clock.now() + INTERVAL_MS);
        });
      }),
    hold: (milliseconds) => {
      freeAt = Math.max(freeAt, clock.now() + milliseconds);
    },
  };
};
