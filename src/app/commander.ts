import { chain, GENESIS, parseEvent } from '../domain/incident/chain.ts';
import type { Command } from '../domain/incident/commands.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import { decide } from '../domain/incident/decide.ts';
import { evolve } from '../domain/incident/evolve.ts';
import type { EventType, IncidentEvent, NewEvent } from '../domain/incident/events.ts';
import { wantsFollowUp } from '../domain/incident/follow-up.ts';
import type { Reaction } from '../domain/incident/react.ts';
import { react } from '../domain/incident/react.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { tally } from '../domain/incident/tally.ts';
import { timersOf } from '../domain/incident/timers.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import type { ChannelName, EffectIntent } from '../domain/view.ts';
import { isNewsWhenSkipped } from '../domain/incident/react.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import { lockIncident } from '../store/incidents.ts';
import type { NewJob } from '../store/jobs.ts';
import type { Trx } from '../store/database.ts';
import type { Store, UnitOfWork } from '../store/store.ts';
import { setTimer, setTimers } from '../store/timers.ts';

/** The configuration with what people switched at run time. Read once a transaction. */
export type EffectivePolicy = () => Promise<Policy>;

export interface Commander {
  /** Applies commands to an incident, in order, in one transaction. Throws CommandRefused; then nothing happened. */
  handle(incidentId: string, commands: readonly Command[]): Promise<IncidentState>;
  /** The same inside a transaction of the caller, who has loaded (and locked) the incident; null opens `incidentId`. */
  apply(
    uow: UnitOfWork,
    incidentId: string,
    before: LoadedIncident | null,
    commands: readonly Command[],
    policy: Policy,
  ): Promise<IncidentState>;
}

/** What leaves through which channel. */
export interface Outlets {
  /** Why nothing leaves through a channel. Its effects are recorded as skipped with the incident, and cost no job. */
  readonly quiet: Readonly<Partial<Record<ChannelName, string>>>;
  /** Pages and posts that cannot be sent are recorded as such; webhooks that nobody configured are no news to anybody. */
  readonly hasWebhooks: boolean;
}

/** Decide, evolve, react, and commit all that follows at once. The only way in which an incident changes. */
export function createCommander(store: Store, clock: Clock, policy: EffectivePolicy, outlets: Outlets): Commander {
  const commander: Commander = {
    async handle(incidentId, commands) {
      const effective = await policy();
      return store.transaction(async (uow) => {
        const before = await lockIncident(uow.trx, incidentId);
        if (before === null) throw new CommandRefused('not-found', `no incident ${incidentId}`);
        return commander.apply(uow, incidentId, before, commands, effective);
      });
    },
    async apply(uow, incidentId, before, commands, effective) {
      const now = clock.now();
      const happened = run(incidentId, before, commands, effective, now);
      if (happened.stored.length === 0) return happened.after;
      const reaction = wanted(
        react(before?.state ?? null, happened.parsed, happened.after, effective.communication),
        outlets,
      );
      const skips = reaction.effects.flatMap((effect) => skipOf(effect, outlets));
      const { after, head } = happened;
      const told = run(incidentId, { state: after, head }, skips, effective, now);
      const timers = timersOf(told.after, effective);
      const timersBefore = before === null ? [] : timersOf(before.state, effective);
      const label = serviceLabel(effective, told.after);
      await uow.save({
        before,
        after: told.after,
        events: [...happened.stored, ...told.stored],
        timers,
        timersMoved: JSON.stringify(timers) !== JSON.stringify(timersBefore),
        effects: reaction.effects,
        quiet: outlets.quiet,
        tallies: [...happened.tallied(label), ...told.tallied(label)],
        now,
      });
      const follow = wantsFollowUp(happened.parsed) ? [followUpJob(incidentId)] : [];
      await uow.enqueue([...jobsOf(told.after, reaction, outlets), ...follow]);
      await wakeWatchers(uow.trx, happened.parsed, told.after, now);
      return told.after;
    },
  };
  return commander;
}

/** After these the rules look again at once. */
const LOOKS_AGAIN: ReadonlySet<EventType> = new Set([
  'severity-overridden',
  'severity-released',
  'impact-stated',
  'onset-corrected',
  'unquieted',
  'incident-reopened',
]);

/** After these whoever is linked to the incident has something to see. */
const CONCERNS_LINKED: ReadonlySet<EventType> = new Set([
  'incident-acknowledged',
  'incident-mitigated',
  'incident-resolved',
  'incident-dismissed',
  'incident-merged',
]);

async function wakeWatchers(
  trx: Trx,
  events: readonly IncidentEvent[],
  { id, links }: IncidentState,
  now: number,
): Promise<void> {
  if (events.some(({ type }) => LOOKS_AGAIN.has(type))) await setTimer(trx, id, 'reassess', now);
  if (events.some(({ type }) => CONCERNS_LINKED.has(type))) await setTimers(trx, links, ['look-around'], now, 0);
}

const wanted = (reaction: Reaction, { hasWebhooks }: Outlets): Reaction =>
  hasWebhooks ? reaction : { ...reaction, effects: reaction.effects.filter((e) => e.channel !== 'webhook') };

/** The report of an effect that will not leave, where it is news to people. */
function skipOf({ id: effectId, channel, kind }: EffectIntent, { quiet }: Outlets): readonly Command[] {
  const because = quiet[channel];
  if (because === undefined || !isNewsWhenSkipped(kind)) return [];
  return [{ kind: 'report-effect', effect: { effectId, channel, kind }, outcome: { kind: 'skipped', because } }];
}

function run(
  incidentId: string,
  before: LoadedIncident | null,
  commands: readonly Command[],
  policy: Policy,
  now: number,
) {
  let state = before?.state ?? null;
  let head = before?.head ?? { seq: 0, hash: GENESIS };
  const stored: ReturnType<typeof chain>[number][] = [];
  const steps: { event: IncidentEvent; after: IncidentState }[] = [];
  const append = (events: readonly NewEvent[]): void => {
    for (const row of chain(incidentId, head, events, iso(now))) {
      const event = parseEvent(row);
      state = evolve(state, event);
      head = { seq: row.seq, hash: row.hash };
      stored.push(row);
      if (state !== null) steps.push({ event, after: state });
    }
  };
  for (const command of commands) append(decide(state, command, { now, policy }));
  const after: IncidentState | null = state;
  if (after === null) throw new CommandRefused('not-found', `no incident ${incidentId}`);
  return {
    after,
    head,
    stored,
    parsed: steps.map((step) => step.event),
    tallied: (service: string) => steps.flatMap((step) => tally(step.event, step.after, service)),
  };
}

/** Label values stay bounded: a service that nobody configured is `other`. */
export const serviceLabel = (policy: Policy, state: Pick<IncidentState, 'service'>): string =>
  state.service !== null && Object.hasOwn(policy.services, state.service) ? state.service : 'other';

export const followUpJob = (incidentId: string): NewJob => ({ name: 'follow-up', data: { v: 1, incidentId } });

/** One job a lane, however many effects it got. */
function jobsOf(
  { id: incidentId, severity }: IncidentState,
  reaction: Reaction,
  { quiet }: Outlets,
): readonly NewJob[] {
  const first = severity === 'P0';
  const loud = reaction.effects.filter(({ channel }) => quiet[channel] === undefined);
  const jobs: NewJob[] = [...new Map(loud.map((e) => [e.channel, e])).values()].map((effect) => ({
    name: effect.urgent ? 'effects-urgent' : 'effects',
    data: { v: 1, incidentId, channel: effect.channel },
    first,
  }));
  if (reaction.driveRollback) jobs.push({ name: 'rollback', data: { v: 1, incidentId }, first });
  return jobs;
}
