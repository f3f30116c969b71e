import { frozenBy } from '../domain/freeze.ts';
import { maintenanceStop } from '../domain/incident/decide-rollback.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Plan, PlannedStep, Rail, RailStop } from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import type { ChangeAnalysis, Suspect } from '../domain/suspect.ts';
import { acquittalText, suspectFact } from '../domain/suspect.ts';
import { iso, ms } from '../domain/time.ts';
import { dependenciesOf } from './dependencies.ts';
import type { Refusal, RollbackStore, TroubledService } from './ports.ts';

export interface RailQuestion {
  readonly state: IncidentState;
  readonly policy: Policy;
  readonly analysis: ChangeAnalysis;
  /** Whose plan it is. */
  readonly service: string;
  readonly steps: Plan['steps'];
  readonly now: number;
}

type Guard = (store: RollbackStore, question: RailQuestion) => RailStop | null | Promise<RailStop | null>;

/** What stops automation. A person may start a rollback past these: they say so, and the event says who. */
const FOR_AUTOMATION: readonly Guard[] = [
  maintenance,
  freezeWindow,
  recentChange,
  suspectIsCause,
  changeUnderWay,
  somebodyWentBack,
  cooldown,
  blastRadius,
  storm,
  migration,
];

export async function automationStop(store: RollbackStore, question: RailQuestion): Promise<RailStop | null> {
  for (const guard of FOR_AUTOMATION) {
    const stop = await guard(store, question);
    if (stop !== null) return stop;
  }
  return null;
}

/** The rails that other incidents may have moved during the hold. */
export async function lateStop(store: RollbackStore, question: Circumstances): Promise<RailStop | null> {
  return (
    maintenance(store, question) ??
    freezeWindow(store, question) ??
    (await cooldown(store, question)) ??
    (await blastRadius(store, question))
  );
}

type Circumstances = Pick<RailQuestion, 'state' | 'policy' | 'service' | 'now'>;

function maintenance(_store: RollbackStore, { state }: Circumstances): RailStop | null {
  return maintenanceStop(state.quiet);
}

function freezeWindow(_store: RollbackStore, { state, policy, now }: Circumstances): RailStop | null {
  const window = frozenBy(policy.automation.freezeWindows, now, state.severity);
  return window === null ? null : { rail: 'freeze-window', because: `freeze window "${window.name}"` };
}

function recentChange(_store: RollbackStore, { analysis, policy }: RailQuestion): RailStop | null {
  const { suspect, acquitted } = analysis;
  if (suspect !== null) return null;
  const minutes = Math.round(policy.automation.recentChangeSeconds / 60);
  const why = acquittalText(analysis) ?? `nothing changed in the ${minutes} min before the onset`;
  const evidence = { acquitted: acquitted.map((each) => ({ ...each })) };
  return { rail: 'recent-change', because: `no change to undo: ${why}`, evidence };
}

function suspectIsCause(_store: RollbackStore, question: RailQuestion): RailStop | null {
  const { analysis, service } = question;
  const { suspect, rivals } = analysis;
  if (suspect === null) return null;
  const stop = (because: string): RailStop => ({
    rail: 'suspect-is-cause',
    because,
    evidence: suspectFact(analysis),
  });
  if (suspect.service !== service) {
    return stop(`the suspect change is ${suspect.id} of ${suspect.service}, which this plan does not undo`);
  }
  if (!suspect.undoable) {
    return stop(
      `the suspect is a ${suspect.kind} change (${suspect.id}), which going back to an older version does not undo`,
    );
  }
  if (rivals.length > 0)
    return stop(`${namesOf([suspect, ...rivals])} could each have caused it: a person must choose`);
  return runsAnother(question, suspect) ? stop(`${suspect.version ?? suspect.id} does not run any more`) : null;
}

const namesOf = (suspects: readonly Suspect[]): string => suspects.map(({ id }) => id).join(' and ');

/** Somebody has deployed something else since: the version that would be undone is not the suspect. */
function runsAnother({ steps }: RailQuestion, suspect: Suspect): boolean {
  const names = steps.flatMap(({ target }) => target.from.version);
  return (
    suspect.previousVersion !== null && names.length > 0 && names.every((name) => name === suspect.previousVersion)
  );
}

function changeUnderWay(_store: RollbackStore, { analysis }: RailQuestion): RailStop | null {
  const { underWay } = analysis;
  if (underWay === null) return null;
  return { rail: 'change-under-way', because: `${underWay.because}: somebody is at work on it` };
}

/**
 * What was made after the version that runs was left by somebody: by an earlier rollback of ours, of this service or of
 * another one with the same target, or by a person. Automation does not bring it back.
 */
function somebodyWentBack(_store: RollbackStore, { steps }: RailQuestion): RailStop | null {
  for (const { config, target } of steps) {
    const { from, to } = target;
    if (from.since === null || to.since === null || ms(to.since) <= ms(from.since)) continue;
    const what = `${to.version} was made after ${from.version}, which runs now`;
    return { rail: 'target-unresolved', because: `step ${config.name}: ${what}: somebody has gone back already` };
  }
  return null;
}

async function cooldown(
  store: RollbackStore,
  { state, policy, service, now }: Circumstances,
): Promise<RailStop | null> {
  const started = await store.startsSince(now - policy.automation.cooldownSeconds * 1000, state.id);
  const last = started.find((each) => each.service === service);
  if (last === undefined) return null;
  return { rail: 'cooldown', because: `${last.incidentId} rolled ${service} back at ${iso(last.at)}` };
}

async function blastRadius(
  store: RollbackStore,
  { state, policy, service, now }: Circumstances,
): Promise<RailStop | null> {
  const { servicesAtOnce, rollbacksPerHour } = policy.automation;
  const others = (await store.underWay(state.id)).filter((each) => each.service !== service);
  if (others.length >= servicesAtOnce) {
    const names = others.map((each) => `${each.service} (${each.incidentId})`).join(', ');
    return { rail: 'blast-radius', because: `${names} is being rolled back; ${servicesAtOnce} at once is the limit` };
  }
  const inAnHour = await store.startsSince(now - 3_600_000, state.id);
  if (inAnHour.length < rollbacksPerHour) return null;
  return {
    rail: 'blast-radius',
    because: `${inAnHour.length} rollbacks in the last hour; ${rollbacksPerHour} is the limit`,
  };
}

/** Troubles that began this close to each other are likely to be one. */
const STORM_MS = 15 * 60_000;

async function storm(store: RollbackStore, question: RailQuestion): Promise<RailStop | null> {
  const { state, policy, analysis } = question;
  const onset = ms(state.onset.at);
  const near = (await store.troubled()).filter(
    (each) =>
      Math.abs(each.onsetAt - onset) <= STORM_MS && each.severity !== 'P3' && each.environment === state.environment,
  );
  const services = [...new Set(near.map((each) => each.service))];
  if (services.length < policy.automation.stormServices) return null;
  const sharing = services.filter((service) => shares(service, near, policy, analysis.suspect));
  // Most of what suffers hangs on what was changed: then that is what they have in common.
  if (sharing.length > services.length / 2) return null;
  const because = `${services.length} services are in trouble at once and share no single suspect change`;
  return { rail: 'blast-radius', because, evidence: { services } };
}

function shares(service: string, near: readonly TroubledService[], policy: Policy, suspect: Suspect | null): boolean {
  if (suspect === null) return false;
  if (service === suspect.service || dependenciesOf(policy, service).includes(suspect.service)) return true;
  return near.some((each) => each.service === service && each.suspectId === suspect.id);
}

/** Without a word that the older version can work with the newer schema, a person must say so. */
async function migration(store: RollbackStore, { service, steps, now }: RailQuestion): Promise<RailStop | null> {
  const made = steps.flatMap(({ target }) => (target.from.since === null ? [] : [ms(target.from.since)]));
  if (made.length === 0) return null;
  const changes = await store.changes([service], Math.min(...made) - 3_600_000, now);
  const unsafe = changes.find((change) => change.kind === 'migration' && !saysCompatible(change.evidence));
  if (unsafe === undefined) return null;
  const because = `migration ${unsafe.id} came with this version, and nobody has said that the older one can work with it`;
  return { rail: 'database', because, evidence: { change: unsafe.id } };
}

const saysCompatible = (evidence: Readonly<Record<string, string>>): boolean =>
  ['true', 'yes'].includes((evidence['backwardCompatible'] ?? '').toLowerCase());

/** Holds for people, too: two at one target undo each other. */
export async function busyStop(
  store: RollbackStore,
  state: IncidentState,
  steps: readonly PlannedStep[],
): Promise<RailStop | null> {
  const holder = await store.holderOf(
    steps.map((step) => step.target.key),
    state.id,
  );
  return holder === null
    ? null
    : { rail: 'target-busy', because: `${holder.incidentId} is rolling ${holder.target} back` };
}

/** Which rail a target's own refusal is. */
export function railOf(refusal: Refusal): Rail {
  switch (refusal) {
    case 'owned-by-another':
      return 'gitops-owner';
    case 'no-capacity':
      return 'capacity';
    case 'incompatible-data':
      return 'database';
    case 'needs-person':
      return 'needs-person';
    case 'changed-meanwhile':
      return 'state-moved';
    case 'busy':
    case 'not-found':
    case 'paused':
    case 'no-older-version':
    case 'target-was-bad':
    case 'unsupported':
      return 'target-unresolved';
  }
}
