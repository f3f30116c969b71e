import type { Change } from '../domain/change.ts';
import type { Failure } from '../domain/failure.ts';
import type { Command } from '../domain/incident/commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PinnedTarget, ProviderName, RailStop, StepConfig } from '../domain/plan.ts';
import type { Instant } from '../domain/time.ts';

/** Why a target cannot be rolled back as things stand. Each is a fact about the target, not a failure of ours. */
export type Refusal =
  | 'not-found'
  | 'paused'
  | 'no-older-version'
  | 'target-was-bad'
  | 'unsupported'
  | 'owned-by-another' // a GitOps controller would revert it
  | 'busy' // something else is being done to it right now: it is waited for
  | 'changed-meanwhile' // it is neither at "from" nor at "to" any more
  | 'no-capacity' // surge or quota would not let the new pods in
  | 'incompatible-data' // the older version cannot work with the data as it is now
  | 'needs-person'; // destructive: never by automation

/** How the pods of one version stand. */
export interface VersionHealth {
  readonly desired: number;
  readonly ready: number;
  /** What keeps pods from serving: `CrashLoopBackOff`, `OOMKilled`, `ImagePullBackOff`, `Unschedulable`, … */
  readonly troubles: readonly { readonly reason: string; readonly pods: number }[];
}

/** Both versions as they serve now; null for one that nobody can say anything of. */
export interface Serving {
  readonly from: VersionHealth | null;
  readonly to: VersionHealth | null;
}

export type Resolution =
  | { readonly kind: 'target'; readonly target: PinnedTarget; readonly serving?: Serving }
  | { readonly kind: 'already-there'; readonly target: PinnedTarget; readonly message: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Rehearsal =
  /** `alreadyThere`: there would be nothing to change. */
  | { readonly kind: 'would-work'; readonly message: string; readonly alreadyThere?: true }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Execution =
  /** The change is in: `receipt` holds what observe needs (the generation after our PATCH, an operation id). */
  | { readonly kind: 'accepted'; readonly receipt: JsonObject }
  | { readonly kind: 'already-there'; readonly receipt: JsonObject; readonly message: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Observation =
  | { readonly kind: 'progressing'; readonly message: string; readonly progress: JsonObject }
  | { readonly kind: 'done'; readonly message: string; readonly progress: JsonObject }
  | { readonly kind: 'failed'; readonly message: string; readonly progress: JsonObject }
  /** Somebody else moved the target after us; the message names who, where the other side says so. */
  | { readonly kind: 'diverged'; readonly message: string; readonly progress: JsonObject }
  | { readonly kind: 'unreadable'; readonly failure: Failure };

/** One thing that a rollback will destroy, kept as text. */
export interface Captured {
  readonly kind: 'logs' | 'previous-logs' | 'pod-states' | 'events';
  /** Of what: `pod checkout-5d9c-x2x container app`. */
  readonly name: string;
  readonly text: string;
  /** The text is only the end of what there was. */
  readonly truncated: boolean;
}

/** What could be saved in the time given; `missing` says what could not, and why. */
export interface Capture {
  readonly items: readonly Captured[];
  readonly missing: readonly string[];
}

/** Versions that were found bad: a target among them is refused. Identities, versions or images. */
export interface ResolveContext {
  readonly badVersions: readonly string[];
  /** A person asks: what automation never does may be planned. */
  readonly person?: boolean;
  readonly now: Instant;
}

/**
 * What can be rolled back. Every call is bounded by `signal` and never throws for what the other side does: it says
 * so in its result. `execute` is safe to call again with the same pinned target after a crash: it looks first.
 */
export interface RollbackProvider {
  readonly name: ProviderName;
  /** What the step acts on, in words for people: `Deployment shop/checkout in eu-1`. Asks nobody. */
  describe(step: StepConfig): string;
  /** Checks the `with` of a step. Returns the offending field and what is wrong, or null. */
  checkConfig(step: StepConfig): { readonly field: string; readonly message: string } | null;
  /** Reads the target and finds the version to go back to. Changes nothing. */
  resolve(step: StepConfig, context: ResolveContext, signal: AbortSignal): Promise<Resolution>;
  /** Asks the other side whether the change would be accepted (server-side dry run). Changes nothing. */
  rehearse(step: StepConfig, target: PinnedTarget, signal: AbortSignal): Promise<Rehearsal>;
  /** `first`: this very process has just recorded the intent, so nothing can have been sent before. */
  execute(
    step: StepConfig,
    target: PinnedTarget,
    signal: AbortSignal,
    attempt?: { readonly first: boolean },
  ): Promise<Execution>;
  /**
   * Saves what going back will destroy: logs (also of the previous container), states and events of the version that is
   * left. Never throws, ends when `signal` does and gives what it has by then. Absent where nothing is destroyed.
   */
  capture?(step: StepConfig, target: PinnedTarget, signal: AbortSignal): Promise<Capture>;
  /** The way back, for a person who undoes the rollback: `to` and `from` of a target that was carried out, swapped. */
  undo(step: StepConfig, target: PinnedTarget, signal: AbortSignal): Promise<Resolution>;
  /** How far it is, and later whether it stays there. `receipt` is what `execute` returned; `since` when it was accepted. */
  observe(
    step: StepConfig,
    target: PinnedTarget,
    receipt: JsonObject,
    since: Instant,
    signal: AbortSignal,
    /** `only`: the rollback was stopped or is over; what would help it on is not done any more. */
    look?: { readonly only: boolean },
  ): Promise<Observation>;
}

/** An incident that is open and not restored. */
export interface TroubledService {
  readonly incidentId: string;
  readonly service: string;
  readonly environment: string | null;
  readonly severity: string;
  /** Epoch milliseconds. */
  readonly onsetAt: number;
  readonly openedAt: number;
  /** The change that is suspected there. */
  readonly suspectId: string | null;
}

/** What is known of changes and of other incidents. */
export interface Surroundings {
  /** Changes of these services that began, or were told of, in [from, to] (epoch ms), newest first. */
  changes(services: readonly string[], from: number, to: number): Promise<readonly Change[]>;
  /** Incidents that are open and not restored. */
  troubled(): Promise<readonly TroubledService[]>;
  /** Versions of a service that rollbacks since then (epoch ms) went away from: identities, versions, images. */
  badVersions(service: string, since: number): Promise<readonly string[]>;
  /** How long the steps of the newest rollbacks of a service took, in seconds. */
  pastSeconds(service: string): Promise<readonly number[]>;
}

/** What the coordinator needs of the rest: incidents by command, the record of other rollbacks, the change feed. */
export interface RollbackStore extends Surroundings {
  read(incidentId: string): Promise<IncidentState | null>;
  apply(incidentId: string, commands: readonly Command[]): Promise<void>;
  /** Gathers the facts and runs the rules again, now. */
  reassess(incidentId: string): Promise<void>;
  /** Records the intent and takes the target in one transaction. False: another incident holds it. */
  intendStep(incidentId: string, index: number, target: string): Promise<boolean>;
  /**
   * Starts the rollback and records it for the cooldown, in one transaction. One start at a time over all incidents and
   * replicas, so that `guard` sees every other one: it may still stop it. `busy`: another one is being started right now.
   */
  start(
    incidentId: string,
    service: string,
    guard: () => Promise<RailStop | null>,
  ): Promise<RailStop | 'started' | 'busy'>;
  releaseTargets(incidentId: string): Promise<void>;
  holderOf(targets: readonly string[], incidentId: string): Promise<{ target: string; incidentId: string } | null>;
  /** Rollbacks of other incidents that started since (epoch ms), newest first. */
  startsSince(at: number, exceptIncident: string): Promise<readonly RollbackStart[]>;
  /** Other incidents whose rollback is being carried out or validated. */
  underWay(exceptIncident: string): Promise<readonly { readonly incidentId: string; readonly service: string }[]>;
  /** Looks again at `at` (epoch ms), whatever happens to this process. */
  wakeAt(incidentId: string, at: number): Promise<void>;
  /** Runs the work unless somebody else is at work on this incident's rollback. */
  exclusively(incidentId: string, work: () => Promise<void>): Promise<void>;
}

export interface RollbackStart {
  readonly incidentId: string;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export type ProviderRegistry = Readonly<Partial<Record<ProviderName, RollbackProvider>>>;
