import type { Alert } from '../domain/alert.ts';
import type { Change } from '../domain/change.ts';
import type { Json, JsonObject } from '../domain/json.ts';

/** An alert of a delivery that could not be read. Kept and shown; the good ones beside it go on. */
export interface RejectedAlert {
  readonly index: number;
  readonly field: string;
  readonly message: string;
  readonly raw: Json;
}

export interface ObservedAlert {
  readonly alert: Alert;
  /** Equal for alerts that differ only in ignored labels: the same alert, seen by two replicas. */
  readonly identity: string;
  readonly correlationKey: string;
  /** Over everything that the alert says. */
  readonly contentHash: string;
  /** The source gave no `startsAt`, so the time of receipt stands there. Such words cannot be told from a re-fire. */
  readonly startAssumed?: boolean;
}

/** One request that a source sent us, read. */
export interface Delivery {
  readonly id: string;
  readonly source: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly alerts: readonly ObservedAlert[];
  readonly heartbeats: readonly string[];
  readonly rejected: readonly RejectedAlert[];
}

export interface DeliveryResult {
  /** Alerts that were new or changed, and are stored. */
  readonly accepted: number;
  /** Alerts that said nothing new. */
  readonly duplicates: number;
  /**
   * Alerts of which something else stands in the store now than what this delivery says (`next.contentHash` of the merge
   * is another): they were overtaken on their way, and the same word may be news later. Absent: none.
   */
  readonly superseded?: number;
}

/**
 * Makes deliveries durable. Resolves after the commit, with one result a delivery in the order given; all or nothing.
 * Rejects when the store is not there.
 */
export interface DeliveryStore {
  commitDeliveries(deliveries: readonly Delivery[]): Promise<readonly DeliveryResult[]>;
  /** Sources were heard of, though there was nothing to commit. Rejects when the store is not there. */
  touch(seen: readonly SourceSeen[]): Promise<void>;
}

export interface SourceSeen {
  readonly source: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface ChangeStore {
  /** Stores a change, or the newer word on a known one. Safe to repeat. */
  saveChange(change: Change, receivedAt: number): Promise<'new' | 'updated' | 'unchanged'>;
}

/** What happened in PagerDuty to a page of ours, or was written to any incident there. */
export interface PageNews {
  /** By our key; null: it came without, and `pageId` must do. */
  readonly incidentId: string | null;
  /** PagerDuty's own id of it. */
  readonly pageId: string | null;
  readonly news:
    | { readonly kind: 'acknowledged' }
    | { readonly kind: 'resolved' }
    | { readonly kind: 'note'; readonly text: string }
    /** Nothing to tell, but that this is what PagerDuty calls it. */
    | { readonly kind: 'raised' };
  /** Who, as PagerDuty names them. */
  readonly by: string;
}

export interface PageNewsSink {
  /**
   * Tells the incident, or makes it durable that it will be told, in time for PagerDuty, which waits 5 s. Rejects when
   * neither is possible. PagerDuty sends a notice at least once, each time with the same `noticeIds`: `seen` means that one
   * with any of them was applied before. `at` is when it happened, in epoch milliseconds.
   */
  apply(noticeIds: readonly [string, ...string[]], news: PageNews, at: number): Promise<'applied' | 'kept' | 'seen'>;
}

/** Somebody did something in Slack. */
export interface SlackRequest {
  /** The same for the same doing, whatever number of times it comes. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** `isGuest`: of another workspace than the one that the app is in. */
  readonly user: { readonly id: string; readonly name: string; readonly isGuest: boolean };
  readonly channelId: string | null;
  /** Takes up to five answers within 30 minutes. */
  readonly responseUrl: string | null;
  /** Opens a modal, once, within three seconds. */
  readonly triggerId: string | null;
  readonly did:
    | { readonly kind: 'command'; readonly text: string }
    /** A button or a menu of a message. */
    | { readonly kind: 'action'; readonly actionId: string; readonly value: string; readonly threadTs: string | null }
    /** A modal was submitted; `values` by block. */
    | {
        readonly kind: 'view';
        readonly callbackId: string;
        readonly metadata: string;
        readonly values: Readonly<Record<string, string>>;
      };
}

export interface SlackReply {
  readonly outcome: 'stored' | 'repeated' | 'ignored' | 'store-unavailable';
  /** What Slack shows or does because of it; null: nothing. */
  readonly body: JsonObject | null;
}

export interface SlackDesk {
  /** Does what was asked, or makes it durable, in time for Slack, which waits 3 s. */
  take(request: SlackRequest): Promise<SlackReply>;
}

/** The endpoints, as metrics and stored rows name them. */
export type Source = 'alertmanager' | 'generic' | 'pagerduty' | 'changes' | 'slack';

/** What became of a request. */
export type DeliveryOutcome =
  | 'stored'
  | 'repeated'
  | 'ignored'
  | 'unreadable'
  | 'unauthorized'
  | 'unsupported'
  | 'too-large'
  | 'overloaded'
  | 'store-unavailable'
  | 'aborted'
  | 'failed';

export interface IngestMetrics {
  delivery(source: Source, outcome: DeliveryOutcome): void;
  /** Alerts that could be read, whether they were new or not. */
  alerts(source: Source, firing: number, resolved: number): void;
}

/**
 * A request that was turned away for good: its source does not send it again, so what it said is lost. Worth an
 * incident about the pipeline itself.
 */
export interface RefusedRequest {
  readonly source: Source;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** It came with credentials or a signature, right or wrong: not just anybody. */
  readonly identified: boolean;
  readonly at: number;
}

/** What ingest needs of a logger; pino's fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
