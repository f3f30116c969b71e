import { iso, type Instant } from '../../../domain/time.ts';

/** One revision of a release, as `helm history` tells it. */
export interface Revision {
  readonly number: number;
  /** When helm wrote it; null when it does not say. */
  readonly updated: Instant | null;
  /** `deployed`, `superseded`, `failed`, `pending-upgrade`, … */
  readonly status: string;
  /** Name and version of the chart: `shop-1.2.3`. */
  readonly chart: string;
  readonly appVersion: string;
  readonly description: string;
}

const instantOf = (value: unknown): Instant | null => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || at <= 0 ? null : iso(at); // Go's zero time is the year 1
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const revisionOf = (value: unknown): Revision | null => {
  if (typeof value !== 'object' || value === null) return null;
  const { revision, updated, status, chart, app_version, description } = value as Readonly<Record<string, unknown>>;
  if (typeof revision !== 'number' || !Number.isInteger(revision) || revision < 1) return null;
  return {
    number: revision,
    updated: instantOf(updated),
    status: textOf(status),
    chart: textOf(chart),
    appVersion: textOf(app_version),
    description: textOf(description),
  };
};

/** Reads the answer of `helm history -o json`, the oldest first; null when it is something else. */
export const parseHistory = (text: string): readonly Revision[] | null => {
  try {
    const list = JSON.parse(text) as unknown;
    if (!Array.isArray(list)) return null;
    const revisions = list.map(revisionOf);
    if (revisions.some((one) => one === null)) return null;
    return revisions.filter((one) => one !== null).sort((a, b) => a.number - b.number);
  } catch {
    return null;
  }
};

export const versionText = ({ number, chart, appVersion }: Revision): string =>
  `rev ${number} (${chart}${appVersion === '' ? '' : `, app ${appVersion}`})`;

const ROLLBACK = /^Rollback to (\d+)$/;

/** The revision that this one repeats by its own word; null for one that is new. */
const repeats = ({ number, description }: Revision): number | null => {
  const to = Number(ROLLBACK.exec(description)?.[1] ?? Number.NaN);
  return to >= 1 && to < number ? to : null;
};

/** Where the content of a revision comes from: a rollback makes a new revision of an old one's content. */
export const originOf = (revision: Revision, history: readonly Revision[]): number => {
  let at = revision;
  for (;;) {
    const to = repeats(at);
    if (to === null) return at.number;
    const next = history.find(({ number }) => number === to);
    if (next === undefined) return to; // fallen out of the history; its number still says how old it is
    at = next;
  }
};

/** The origins that somebody went back from: they were bad enough for that once. */
export const leftBehind = (history: readonly Revision[]): ReadonlySet<number> => {
  const left = new Set<number>();
  history.forEach((revision, index) => {
    if (repeats(revision) === null) return;
    const origin = originOf(revision, history);
    const before = history[index - 1];
    if (before !== undefined && originOf(before, history) > origin) left.add(originOf(before, history));
    left.delete(origin);
  });
  return left;
};

export const isPending = ({ status }: Revision): boolean => status.startsWith('pending-');

/** A rollback that did not succeed has lost the number that it went to: only helm's words for it are left. */
export const isFailedRollback = ({ number, status, description }: Revision): boolean =>
  number > 1 && status === 'failed' && /^(Rollback|Release) ".*" failed/s.test(description);
