import type { ClockName } from './incident/events.ts';
import type { OpenAction, Quiet } from './incident/process-events.ts';
import type { ClockState, IncidentState } from './incident/state.ts';
import { lastCarriedOut } from './incident/state.ts';
import { viewOf } from './incident/view.ts';
import type { AutomationMode, PlannedStep } from './plan.ts';
import type { Severity } from './severity.ts';
import { isUrgent } from './severity.ts';
import type { Instant } from './time.ts';
import { iso, ms } from './time.ts';

/** A clock that still waits for something. `leftSeconds` is negative after the deadline. */
export interface HandoverClock {
  readonly clock: ClockName;
  readonly deadline: Instant;
  readonly leftSeconds: number;
  /** Breached already, or most of its time is gone. */
  readonly pressing: boolean;
}

export interface HandoverIncident {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: IncidentState['status'];
  readonly service: string | null;
  readonly environment: string | null;
  readonly commander: string | null;
  readonly specialist: string | null;
  readonly openedAt: Instant;
  readonly ageSeconds: number;
  /** The next deadline first. */
  readonly clocks: readonly HandoverClock[];
  readonly rollback: string | null;
  readonly blockers: readonly string[];
  /** Why messages about it are held back. */
  readonly quiet: readonly Quiet[];
}

/** A rollback that waits: to begin by itself, or for a declared fix. */
export interface HandoverHold {
  readonly incidentId: string;
  readonly service: string | null;
  readonly kind: 'begins-by-itself' | 'waits-for-fix';
  readonly until: Instant;
  readonly leftSeconds: number;
  /** Who declared the fix. */
  readonly by: string | null;
  readonly what: string;
}

export interface HandoverApproval {
  readonly incidentId: string;
  readonly service: string | null;
  readonly until: Instant;
  readonly leftSeconds: number;
  readonly what: string;
}

/** Whoever keeps the target as a repository says, and is suspended so that a rollback stays. */
export interface SuspendedOwner {
  readonly incidentId: string;
  readonly service: string | null;
  readonly owner: string;
  readonly target: string;
  readonly from: string;
  readonly to: string;
}

export interface OverdueAction extends OpenAction {
  readonly dueAt: Instant;
  readonly overdueSeconds: number;
}

/** Over, and still watched: a related alert brings it back. */
export interface WatchedIncident {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly service: string | null;
  readonly until: Instant;
  /** A P0 or P1 is closed only with one. */
  readonly postmortemMissing: boolean;
}

export interface HandoverWindow {
  readonly what: string;
  readonly from: Instant;
  readonly until: Instant;
  readonly because: string;
  readonly by: string;
}

/** What the next person on call must know. */
export interface Handover {
  readonly at: Instant;
  readonly automation: {
    readonly mode: AutomationMode;
    readonly killSwitch: boolean;
    readonly changedBy: string | null;
    readonly changedAt: Instant | null;
  };
  /** Why nothing is sent; null when everything is. */
  readonly silent: string | null;
  /** The worst first, then the oldest. */
  readonly incidents: readonly HandoverIncident[];
  readonly holds: readonly HandoverHold[];
  readonly approvals: readonly HandoverApproval[];
  readonly suspendedOwners: readonly SuspendedOwner[];
  readonly watched: readonly WatchedIncident[];
  readonly overdueActions: readonly OverdueAction[];
  readonly maintenance: readonly HandoverWindow[];
}

/** What it is made of. Incidents that are open or still watched; drills are passed over. */
export interface HandoverInput extends Pick<Handover, 'automation' | 'silent' | 'maintenance'> {
  readonly states: readonly IncidentState[];
  readonly overdueActions: readonly (OpenAction & { readonly dueAt: Instant })[];
  readonly monitoringSeconds: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export function handoverOf(input: HandoverInput): Handover {
  const { now, monitoringSeconds } = input;
  const states = input.states.filter(({ drill, status }) => drill !== true && status !== 'closed');
  const open = states.filter(({ status }) => status !== 'resolved');
  return {
    at: iso(now),
    automation: input.automation,
    silent: input.silent,
    incidents: open.toSorted(worstFirst).map((state) => incidentOf(state, now)),
    holds: open.flatMap((state) => holdsOf(state, now)).toSorted(soonest),
    approvals: open.flatMap((state) => approvalOf(state, now)).toSorted(soonest),
    suspendedOwners: states.flatMap(ownersOf),
    watched: states.flatMap((state) => watchedOf(state, monitoringSeconds)),
    overdueActions: input.overdueActions.map((item) => ({ ...item, overdueSeconds: -left(item.dueAt, now) })),
    maintenance: input.maintenance,
  };
}

const left = (until: Instant, now: number): number => Math.round((ms(until) - now) / 1000);

const severityOf = ({ severity }: IncidentState): Severity => severity ?? 'P2';

const worstFirst = (a: IncidentState, b: IncidentState): number =>
  severityOf(a) === severityOf(b) ? ms(a.openedAt) - ms(b.openedAt) : severityOf(a) < severityOf(b) ? -1 : 1;

const soonest = (a: { readonly leftSeconds: number }, b: { readonly leftSeconds: number }): number =>
  a.leftSeconds - b.leftSeconds;

function incidentOf(state: IncidentState, now: number): HandoverIncident {
  const { id, title, status, service, environment, openedAt, quiet } = state;
  return {
    ...{ id, title, status, service, environment, openedAt, quiet },
    severity: severityOf(state),
    commander: state.commander ?? state.acknowledgedBy,
    specialist: state.routing?.specialist ?? null,
    ageSeconds: Math.max(0, -left(openedAt, now)),
    clocks: clocksOf(state, now),
    rollback: viewOf(state, null).rollback,
    blockers: state.blockers.filter(({ clearedAt }) => clearedAt === null).map(({ text }) => text),
  };
}

function clocksOf(state: IncidentState, now: number): readonly HandoverClock[] {
  return (Object.entries(state.clocks) as [ClockName, ClockState][])
    .filter(([name, clock]) => clock.state === 'running' || (clock.state === 'breached' && isAwaited(state, name)))
    .map(([clock, { startedAt, deadline }]) => {
      const isMostlyGone = now - ms(startedAt) >= (ms(deadline) - ms(startedAt)) / 2;
      return { clock, deadline, leftSeconds: left(deadline, now), pressing: isMostlyGone };
    })
    .toSorted(soonest);
}

/** A breach is pressing as long as what was promised has not happened. */
function isAwaited(state: IncidentState, clock: ClockName): boolean {
  switch (clock) {
    case 'detect':
      return false;
    case 'acknowledge':
      return state.acknowledgedAt === null && state.mitigatedAt === null;
    case 'restore':
      return state.mitigatedAt === null;
    case 'diagnose':
      return state.rootCauses.length === 0;
    case 'update':
      return state.updates.count === 0;
  }
}

function holdsOf(state: IncidentState, now: number): readonly HandoverHold[] {
  const { id: incidentId, service, rollback, fix } = state;
  const what = viewOf(state, null).rollback ?? '';
  const hold = (kind: HandoverHold['kind'], until: Instant, by: string | null): HandoverHold => ({
    ...{ incidentId, service, kind, until, by, what },
    leftSeconds: left(until, now),
  });
  if (fix !== null && ms(fix.until) > now && state.mitigatedAt === null) {
    return [hold('waits-for-fix', fix.until, fix.by)];
  }
  return rollback?.stage === 'announced' && rollback.startsAt !== null
    ? [hold('begins-by-itself', rollback.startsAt, null)]
    : [];
}

function approvalOf(state: IncidentState, now: number): readonly HandoverApproval[] {
  const { id: incidentId, service, rollback } = state;
  if (rollback?.stage !== 'awaiting-approval' || rollback.approvalUntil === null) return [];
  const until = rollback.approvalUntil;
  const what = (rollback.plan?.steps ?? []).map(moveOf).join(', ');
  return [{ incidentId, service, until, leftSeconds: left(until, now), what }];
}

const moveOf = ({ config, target }: PlannedStep): string =>
  `${config.name} from ${target.from.version} to ${target.to.version}`;

/** Owners that put things as a repository says. */
const GITOPS = ['argocd', 'flux', 'flagger', 'argo-rollouts'];

/** What a rollback has moved and its owner would move back: nobody may let the owner go on before the repository is right. */
function ownersOf(state: IncidentState): readonly SuspendedOwner[] {
  const { id: incidentId, rollback } = state;
  const plan = lastCarriedOut(rollback);
  if (plan === null || rollback?.purpose === 'undo') return [];
  return plan.steps.flatMap(({ config, target }) => {
    const allowed = config.with['allowOwner'];
    const named = Array.isArray(allowed) ? allowed.filter((owner) => typeof owner === 'string') : [];
    const owners = [...(config.provider === 'argocd' ? ['argocd'] : []), ...named];
    return owners
      .filter((owner) => GITOPS.includes(owner))
      .map((owner) => ({
        ...{ incidentId, service: plan.service, owner, target: target.key },
        ...{ from: target.from.version, to: target.to.version },
      }));
  });
}

function watchedOf(state: IncidentState, monitoringSeconds: number): readonly WatchedIncident[] {
  const { id, title, service, status, resolvedAt, postmortem } = state;
  if (status !== 'resolved' || resolvedAt === null) return [];
  const until = iso(ms(resolvedAt) + monitoringSeconds * 1000);
  const severity = severityOf(state);
  return [{ id, title, service, severity, until, postmortemMissing: isUrgent(severity) && postmortem === null }];
}
