/** How long the supervisor waits for what; tests make some of it shorter. */
export interface Timing {
  /** Recovery after a crash replays up to max_wal_size. */
  readonly startMs: number;
  /** For a clean shutdown, and once more for an immediate one. */
  readonly stopMs: number;
  /** For remains of a killed server to go away, and between two looks at that. */
  readonly retryMs: number;
  readonly retryPauseMs: number;
  /** Between two looks at a server that is not our child, and at one that is starting. */
  readonly pollMs: number;
  readonly readyPollMs: number;
  /** Between two lines about a slow start. */
  readonly patienceMs: number;
}

export const usualTiming: Timing = {
  startMs: 600_000,
  stopMs: 20_000,
  retryMs: 30_000,
  retryPauseMs: 100,
  pollMs: 200,
  readyPollMs: 20,
  patienceMs: 10_000,
};

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const SHORT_LIFE_MS = 250;

/** The pause before restart number `failures + 1` in a row; a server that dies once is back at once. */
export function restartPause(failures: number): number {
  return failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}

/** A server that dies as soon as it is up counts as one that does not start. */
export function failuresAfter(failures: number, livedMs: number): number {
  return livedMs < SHORT_LIFE_MS ? failures + 1 : 0;
}
