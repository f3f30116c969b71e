import type { Policy } from '../domain/policy.ts';
import type { ChangeAnalysis, ChangeQuestion, Finding, SuspectEvidence } from '../domain/suspect.ts';
import { analyseChanges } from '../domain/suspect.ts';
import { ms } from '../domain/time.ts';
import type { DependencyDeps, DependencyScope } from './dependencies.ts';
import { dependenciesOf, lookAtDependencies, metricScope } from './dependencies.ts';
import type { Sighting, TargetLookout } from './lookout.ts';
import type { Surroundings, VersionHealth } from './ports.ts';
import { lookAtSymptoms } from './symptoms.ts';

export interface InvestigationDeps extends DependencyDeps {
  readonly surroundings: Surroundings;
  readonly lookout: TargetLookout;
}

export interface Scene {
  readonly service: string;
  readonly environment: string | null;
  /** Epoch milliseconds. */
  readonly onsetAt: number;
}

export interface Investigation {
  readonly analysis: ChangeAnalysis;
  /** The targets of the service whose plan would undo the suspect change (its own where none is suspected). */
  readonly ready: boolean | null;
  readonly evidence: SuspectEvidence;
}

/** Which change caused it, and could it be undone: asked of the change feed, the targets, the metrics, and other incidents. */
export async function investigate(
  deps: InvestigationDeps,
  policy: Policy,
  scene: Scene,
  signal: AbortSignal,
): Promise<Investigation> {
  const { service, environment, onsetAt } = scene;
  const windowMs = policy.automation.recentChangeSeconds * 1000;
  const services = [service, ...dependenciesOf(policy, service)];
  const [changes, sightings] = await Promise.all([
    deps.surroundings.changes(services, onsetAt - windowMs, deps.clock.now()),
    sight(deps, policy, services, signal),
  ]);
  const targets = [...sightings].flatMap(([name, { targets: found }]) =>
    found.map((each) => ({ service: name, name: each.name, target: each.target })),
  );
  const seen = targets.flatMap(({ target: { from } }) => (from.since === null ? [] : [ms(from.since)]));
  const began = [...changes.map(({ startedAt }) => ms(startedAt)), ...seen].filter((at) => at >= onsetAt - windowMs);
  // Nothing changed: there is nothing to test, and nobody to ask.
  const asked =
    began.length === 0
      ? NOTHING_CHANGED
      : await ask(
          deps,
          policy,
          { service, environment, onsetAt, since: Math.min(onsetAt, ...began) },
          sightings,
          signal,
        );
  const analysis = analyseChanges({
    ...{ service, environment, onsetAt, windowSeconds: windowMs / 1000, changes, targets, ...asked },
  });
  const undone = sightings.get(analysis.suspect?.service ?? service);
  const { growth } = asked.symptoms;
  return {
    analysis,
    ready: undone === undefined ? false : undone.ready,
    evidence: { podTroubles: troublesOf(sightings.get(service) ?? null), growth },
  };
}

type Asked = Pick<ChangeQuestion, 'dependencies' | 'symptoms' | 'onlyNewFails'>;

const NOTHING_CHANGED: Asked = {
  dependencies: [],
  symptoms: { growth: null, stillAsked: { answer: 'unknown', because: 'nobody asked' } },
  onlyNewFails: {},
};

async function ask(
  deps: InvestigationDeps,
  policy: Policy,
  scope: DependencyScope,
  sightings: ReadonlyMap<string, Sighting>,
  signal: AbortSignal,
): Promise<Asked> {
  const versions = [...sightings].map(
    async ([name, sighting]) =>
      [name, await compare(deps, policy, { ...scope, service: name }, sighting, signal)] as const,
  );
  const { now, symptoms } = await lookAtSymptoms(deps, policy, scope, signal);
  const [dependencies, compared] = await Promise.all([
    lookAtDependencies(deps, policy, scope, now, signal),
    Promise.all(versions),
  ]);
  return { dependencies, symptoms, onlyNewFails: Object.fromEntries(compared) };
}

async function sight(
  { lookout }: InvestigationDeps,
  policy: Policy,
  services: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Sighting>> {
  const planned = services.flatMap((name) => {
    const plan = policy.services[name]?.rollback;
    return plan == null ? [] : [{ name, plan }];
  });
  const seen = await Promise.all(
    planned.map(async ({ name, plan }) => [name, await lookout.look(name, plan.steps, signal)] as const),
  );
  return new Map(seen);
}

/** Old and new side by side, by their pods first and by their metrics where the pods say nothing. */
async function compare(
  { probe, clock }: InvestigationDeps,
  policy: Policy,
  { service, environment, since }: DependencyScope,
  sighting: Sighting,
  signal: AbortSignal,
): Promise<Finding> {
  const [target] = sighting.targets;
  if (target === undefined) return { answer: 'unknown', because: 'its versions are not known' };
  const byPods = target.serving == null ? null : comparePods(target.serving.from, target.serving.to);
  const recovery = policy.services[service]?.recovery ?? null;
  if (byPods?.answer === 'yes' || byPods?.answer === 'no' || recovery === null) return byPods ?? NOT_TOLD;
  const { from, to } = target.target;
  const usual = metricScope(policy, service, environment);
  const { baseline } = await probe.freezeBaseline({ ...usual, before: since }, signal);
  const asked = { service, environment, recovery, from, to, at: clock.now(), baseline };
  const byMetrics = await probe.compareVersions(asked, signal);
  return byMetrics.answer === 'unknown' ? (byPods ?? byMetrics) : byMetrics;
}

const NOT_TOLD: Finding = { answer: 'unknown', because: 'nothing tells old and new pods apart' };

/** Do only the new ones fail? Where the old no longer serve, nobody can say. */
function comparePods(from: VersionHealth | null, to: VersionHealth | null): Finding {
  if (from === null || to === null || to.desired === 0)
    return { answer: 'unknown', because: 'only one version serves' };
  const [bad, old] = [summary(from), summary(to)];
  if (from.troubles.length > 0 && to.troubles.length === 0 && to.ready > 0) {
    return { answer: 'yes', because: `new pods: ${bad}; old pods: ${old}` };
  }
  if (from.troubles.length > 0 && to.troubles.length > 0) {
    return { answer: 'no', because: `old and new pods fail alike: ${bad}; ${old}` };
  }
  return { answer: 'unknown', because: `pods alone do not tell: ${bad}; ${old}` };
}

function summary({ desired, ready, troubles }: VersionHealth): string {
  const failing = troubles.map(({ reason, pods }) => `${pods} in ${reason}`);
  return [`${ready} of ${desired} ready`, ...failing].join(', ');
}

const troublesOf = (own: Sighting | null): readonly string[] => [
  ...new Set(own?.targets.flatMap(({ serving }) => serving?.from?.troubles.map(({ reason }) => reason) ?? []) ?? []),
];
