import type { Alert } from '../domain/alert.ts';
import type { Assessment, FactSet } from '../domain/decision.ts';
import type { AlertNews, Command, Opening } from '../domain/incident/commands.ts';
import { drillAssessment } from '../domain/incident/decide-assessment.ts';
import { standingSpecialist } from '../domain/incident/decide-routing.ts';
import { becomesUrgent, standingSeverity } from '../domain/incident/decide-severity.ts';
import type { OnsetSource } from '../domain/incident/events.ts';
import { withOnset } from '../domain/incident/evolve-process.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { isUnderWay } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { Severity } from '../domain/severity.ts';
import type { Clock, Instant } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import { evaluate } from '../triage/evaluate.ts';
import type { RuleSet } from '../triage/rule-set.ts';
import { rehearse } from './among-others.ts';
import type { Gathered, Subject } from './facts.ts';

export interface DecidingDeps {
  readonly clock: Clock;
  readonly rules: () => RuleSet;
  readonly facts: (subject: Subject, policy: Policy) => Promise<Gathered>;
  /** When the alert's expression became true, where Prometheus can be asked. */
  readonly activeAt: (alert: Alert) => Promise<Instant | null>;
}

/** What one look at a key found: read without locks, committed only if nothing moved meanwhile. */
export interface Look {
  readonly incident: LoadedIncident | null;
  readonly news: AlertNews;
  readonly opening: Opening | null;
  readonly firing: readonly Alert[];
}

export interface Decisions {
  readonly commands: readonly Command[];
  readonly assessment: Assessment | null;
  /** Some facts could not be asked: look again soon. */
  readonly unanswered: boolean;
}

type Onset = NonNullable<Extract<Command, { kind: 'assess' }>['onset']>;

/** The alerts' news first; then what the rules make of the incident as it is with that news. */
export async function decisions(
  deps: DecidingDeps,
  look: Look,
  incidentId: string,
  policy: Policy,
): Promise<Decisions> {
  const observe: Command =
    look.opening === null
      ? { kind: 'observe-alerts', news: look.news }
      : { kind: 'open', opening: look.opening, news: look.news };
  // Only to ask the facts about; what is committed is decided again.
  const scene = { incidentId, before: look.incident, commands: [observe], policy, now: deps.clock.now() };
  const { after: state } = rehearse(scene);
  if (state === null) return { commands: [observe], assessment: null, unanswered: false };
  const first = await deps.facts({ state, firing: look.firing }, policy);
  const assessment = await assessmentOf(deps, state, first.facts);
  const to = standingSeverity(state, assessment.severity.severity, deps.clock.now());
  if (becomesUrgent(state.severity, to) && !isUnderWay(state.rollback)) {
    return anew(deps, look, { state, observe, assessment, to }, policy);
  }
  const frozen = freezing(first);
  // An incident that is over before it was looked at still gets its severity, and ends in the same commit.
  const over: readonly Command[] =
    look.opening === null ? [] : [{ kind: 'observe-alerts', news: nothingNew(look.news) }];
  const assess = { kind: 'assess' as const, assessment, snapshots: first.snapshots };
  const commands = [observe, ...frozen, assess, ...over];
  return { commands, assessment, unanswered: first.unanswered };
}

const freezing = ({ baseline }: Gathered): readonly Command[] =>
  baseline === null ? [] : [{ kind: 'freeze-baseline', baseline }];

/**
 * It becomes urgent only now: what was suspected and measured since the old onset says nothing of that. Its severity stands
 * as it was found; what to do about it is decided on what is found from the new onset.
 */
async function anew(
  deps: DecidingDeps,
  { firing }: Look,
  { state, observe, assessment, to }: Risen,
  policy: Policy,
): Promise<Decisions> {
  const onset = await onsetOf(deps, state, firing);
  const found = await deps.facts({ state: { ...withOnset(state, onset), severity: to }, firing }, policy);
  const { rollback, routing } = await assessmentOf(deps, state, found.facts, to);
  const risen: Assessment = { severity: assessment.severity, rollback, routing };
  const assess: Command = { kind: 'assess', assessment: risen, onset, snapshots: found.snapshots };
  const commands: readonly Command[] = [observe, assess, ...freezing(found)];
  return { commands, assessment: risen, unanswered: found.unanswered };
}

interface Risen {
  readonly state: IncidentState;
  readonly observe: Command;
  readonly assessment: Assessment;
  readonly to: Severity;
}

/** An alert that began within this time is what made it worse; else nobody knows since when it is. */
const RECENT_MS = 600_000;

async function onsetOf(deps: DecidingDeps, { onset }: IncidentState, firing: readonly Alert[]): Promise<Onset> {
  const now = deps.clock.now();
  const after = Math.max(ms(onset.at), now - RECENT_MS);
  const recent = firing.filter(({ startsAt }) => ms(startsAt) > after && ms(startsAt) <= now);
  const [first] = recent.sort((a, b) => ms(a.startsAt) - ms(b.startsAt));
  if (first === undefined) return { at: iso(now), source: 'severity-raised' };
  const activeAt = await deps.activeAt(first);
  const source: OnsetSource = activeAt === null ? 'starts-at' : 'active-at';
  const at = activeAt ?? first.startsAt;
  return ms(at) > ms(onset.at) ? { at, source } : { at: iso(now), source: 'severity-raised' };
}

/** What the rules make of the facts; `stands`: whatever they say of its severity. */
export function assessmentOf(
  deps: Pick<DecidingDeps, 'clock' | 'rules'>,
  state: IncidentState,
  facts: FactSet,
  stands?: Severity,
): Promise<Assessment> {
  if (state.drill === true) return Promise.resolve(drillAssessment(facts.known));
  const now = deps.clock.now();
  const standing = (decided: Severity): Severity => stands ?? standingSeverity(state, decided, now);
  return evaluate(deps.rules(), facts, now, {
    standing,
    standingSpecialist: (decided) => standingSpecialist(state, decided),
  });
}

const nothingNew = (news: AlertNews): AlertNews => ({
  counts: news.counts,
  joined: { count: 0, names: [], samples: [] },
  resolved: { count: 0, samples: [] },
});
