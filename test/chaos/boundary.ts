/** Where a process kills itself: right before, or right after, the commit that holds the event of this label. */
export interface Boundary {
  readonly moment: 'before' | 'after';
  readonly event: string;
}

/** How a process of boundary-process.ts is told. */
export const KILL_VARIABLE = 'BOUNDARY_KILL';
export const CLOCK_VARIABLE = 'BOUNDARY_CLOCK';

/** A P0 is watched for 20 s before it counts as recovered, and leases of a killed process run out after 10 and 30 s. */
const RATE = 8;

/** Time that goes faster from `origin` (epoch milliseconds) on, the same in every process that is told the same. */
export const fastClock = (origin: string): (() => number) => {
  const start = Number(origin);
  return () => Math.floor(start + (Date.now() - start) * RATE);
};
