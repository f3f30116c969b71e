/*
 * What it means that Alertmanager lists an alert, or lists it no more. It can lose the word of a resolve (it restarts, or
 * we refuse a delivery), and then the incident would stay open for ever.
 */

/** An alert that fires as far as we know. Times in epoch milliseconds. */
export interface KnownFiring {
  readonly fingerprint: string;
  /** When a delivery last spoke of it. */
  readonly heardAt: number;
  readonly sighting: Sighting | null;
}

export interface Sighting {
  /** Null: it was never seen there. */
  readonly listedAt: number | null;
  readonly missingSince: number | null;
  readonly misses: number;
}

export interface ReconciliationLimits {
  /** How long an alert must be missing: its own resolve may wait for its group until then. */
  readonly overdueMs: number;
  /**
   * An alert that was never seen there may be somebody else's (Grafana sends to the same address). It counts as lost only
   * when nobody has spoken of it for so long that any source would have repeated it.
   */
  readonly unheardMs: number;
}

export interface Judgement {
  /** Listed, and to be remembered as such. */
  readonly listed: readonly string[];
  /** Not listed, and not overdue yet. */
  readonly missing: readonly { readonly fingerprint: string; readonly since: number; readonly misses: number }[];
  /** They have ended there, and their resolve never came. `since`: when they were first missed. */
  readonly lost: readonly { readonly fingerprint: string; readonly since: number }[];
}

const LOOKS_IN_A_ROW = 2;

/** `known` must have been read before the listing was asked for, or what came in between looks missing. */
export function judgeListing(
  known: readonly KnownFiring[],
  isListed: (fingerprint: string) => boolean,
  now: number,
  limits: ReconciliationLimits,
): Judgement {
  const listed: string[] = [];
  const missing: { fingerprint: string; since: number; misses: number }[] = [];
  const lost: { fingerprint: string; since: number }[] = [];
  for (const { fingerprint, heardAt, sighting } of known) {
    if (isListed(fingerprint)) {
      if (sighting?.listedAt == null || sighting.missingSince !== null) listed.push(fingerprint);
      continue;
    }
    const since = sighting?.missingSince ?? now;
    const misses = (sighting?.misses ?? 0) + 1;
    const isOurs = sighting?.listedAt != null || now - heardAt >= limits.unheardMs;
    if (isOurs && misses >= LOOKS_IN_A_ROW && now - since >= limits.overdueMs) lost.push({ fingerprint, since });
    else missing.push({ fingerprint, since, misses });
  }
  return { listed, missing, lost };
}

/** Why an alert notifies nobody, in words; and until when that is sure, in epoch milliseconds, where it is known. */
export interface Suppression {
  readonly because: string;
  readonly until: number | null;
}

/**
 * Whether an incident is quiet: something fires, and all that does is suppressed. `null` in the list: an alert that fires
 * and is not suppressed, as far as anybody knows. Until the first of its alerts can be heard again.
 */
export function quietOf(firing: readonly (Suppression | null)[]): Suppression | null {
  const suppressed = firing.filter((each) => each !== null);
  if (suppressed.length === 0 || suppressed.length < firing.length) return null;
  const reasons = [...new Set(suppressed.map(({ because }) => because))];
  const [first = ''] = reasons;
  const more = reasons.length > 1 ? `, and ${reasons.length - 1} more` : '';
  const ends = suppressed.flatMap(({ until }) => (until === null ? [] : [until]));
  return { because: `${first}${more}`, until: ends.length === 0 ? null : Math.min(...ends) };
}
