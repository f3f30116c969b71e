import type { Json, JsonObject } from './json.ts';
import type { Severity } from './severity.ts';
import type { Instant } from './time.ts';

/**
 * What a channel may know of an incident when it writes a message: the true current state, in the words that people
 * read. Made by the core; every text in it is data and is escaped by the channel.
 */
export interface IncidentView {
  readonly id: string;
  readonly title: string;
  /** Synthetic: nothing is broken, and every message says so. */
  readonly drill?: true;
  readonly service: string | null;
  readonly environment: string | null;
  readonly severity: Severity;
  readonly status: 'open' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed';
  readonly openedAt: Instant;
  readonly acknowledgedBy: string | null;
  readonly firing: number;
  readonly total: number;
  /** Why it has this severity. */
  readonly because: string;
  /** One line on the rollback: what was decided, where it is, or why there is none. */
  readonly rollback: string | null;
  readonly commander: string | null;
  /** What stands in the way of the fix. */
  readonly blockers: readonly string[];
  /** Why messages are held back at the moment: a badge, not an end. Null: they are not. */
  readonly quiet: string | null;
  /** That it was so before, and what was left to do then. */
  readonly recurrence: string | null;
  /** One line for all the incidents of a storm of which this is the head. */
  readonly storm: string | null;
  /** The incident that has the page for both. */
  readonly linkedTo: string | null;
  /** Why it was no incident at all, or which one it is part of. */
  readonly voided: string | null;
  /** Deadlines that are still to be kept, or were not, soonest first. */
  readonly clocks: readonly {
    readonly name: string;
    readonly deadline: Instant;
    readonly state: 'running' | 'breached';
  }[];
  readonly links: readonly { readonly text: string; readonly href: string }[];
  /** Known facts that describe the impact, for details in the page. */
  readonly facts: Readonly<Record<string, Json>>;
}

/** What makes sense to ask of an incident as it stands. */
export interface Offers {
  readonly acknowledge: boolean;
  readonly takeCommand: boolean;
  readonly severity: boolean;
  /** What a person said it is, until that is released. */
  readonly override: Severity | null;
  /** "Fix in N minutes"; empty: no hold can be given. */
  readonly fixMinutes: readonly number[];
  /** The hash of the plan that could be approved. */
  readonly approve: string | null;
  /** The rollback that could be aborted; its plan may not be there yet. */
  readonly abort: { readonly planHash: string | null } | null;
  readonly update: boolean;
  readonly note: boolean;
  readonly dismiss: boolean;
  readonly resolve: boolean;
  /** A post on the status page awaits approval. */
  readonly publish: boolean;
}

export const CHANNELS = ['pagerduty', 'pagerduty-notes', 'slack', 'email', 'statuspage', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/**
 * Something that has to leave the process. Recorded before it is done, and identified so that doing it twice can be
 * recognised. `message` is what there is to say, as plain text; `data` what this kind needs.
 */
export interface EffectIntent {
  /** Stable and unique: `{incidentId}:{event seq}:{channel}:{kind}`, with whom it is for where there are several. */
  readonly id: string;
  readonly incidentId: string;
  readonly channel: ChannelName;
  /**
   * pagerduty: `trigger` | `acknowledge` | `resolve` | `change`. pagerduty-notes (apart, so that no page waits for a note):
   * `note`. slack: `announce` (the incident's message) | `refresh`
   * (the same message, current state) | `thread` (a line under it) | `post` (a message of its own in `data.channel`, in that of
   * `data.audience`, or else where the incident's message is; `data.news` is its kind of news). email: `opened` | `update` | `mitigated` |
   * `resolved` | `escalation` | `reminder` | `postmortem` | `digest`, to `data.to` or the `data.audience`. statuspage:
   * `publish` | `update` | `resolve` | `retract`. webhook: `event`.
   */
  readonly kind: string;
  readonly urgent: boolean;
  readonly message: string;
  readonly data: JsonObject;
  /**
   * While a later effect of the incident's channel with the same word here waits, this one is pointless and does not go
   * out: the state of the message, facts that nobody wrote. Null: whatever comes later, it is to be said.
   */
  readonly replaces: string | null;
}
