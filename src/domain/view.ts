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

export const CHANNELS = ['pagerduty', 'slack', 'email', 'statuspage', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/**
 * Something that has to leave the process. Recorded before it is done, and identified so that doing it twice can be
 * recognised. `message` is what there is to say, as plain text; `data` what this kind needs.
 */
export interface EffectIntent {
  /** Stable and unique: `{incidentId}:{event seq}:{channel}:{kind}`. */
  readonly id: string;
  readonly incidentId: string;
  readonly channel: ChannelName;
  /**
   * pagerduty: `trigger` | `acknowledge` | `resolve` | `change`. slack: `announce` (the incident's message) | `refresh`
   * (the same message, current state) | `thread` (a line under it) | `post` (a message of its own in `data.channel`). email: `opened` | `update` | `mitigated` |
   * `resolved` | `escalation` | `reminder` | `postmortem` | `digest`, to `data.to` or the `data.audience`. statuspage:
   * `publish` | `update` | `resolve` | `retract`. webhook: `event`.
   */
  readonly kind: string;
  readonly urgent: boolean;
  readonly message: string;
  readonly data: JsonObject;
}
