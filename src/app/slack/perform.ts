import type { Command } from '../../domain/incident/commands.ts';
import { CommandRefused } from '../../domain/incident/commands.ts';
import type { IncidentState, RollbackState } from '../../domain/incident/state.ts';
import type { Policy } from '../../domain/policy.ts';
import type { SlackRequest } from '../../ingest/ports.ts';
import type { Ask } from '../../notify/slack/asks.ts';
import { firstSight } from '../../store/changes.ts';
import { lockIncident } from '../../store/incidents.ts';
import { openIncidentsIn } from '../../store/slack.ts';
import type { Trx } from '../../store/database.ts';
import type { UnitOfWork } from '../../store/store.ts';
import type { Commander } from '../commander.ts';
import type { Person } from './people.ts';

export type Performed =
  | { readonly kind: 'done' | 'unchanged'; readonly state: IncidentState }
  /** With the incident as it stands, where it is known which one was meant. */
  | { readonly kind: 'refused'; readonly because: string; readonly state: IncidentState | null }
  /** Slack sent the same again: it was done, or refused, before. */
  | { readonly kind: 'seen' };

type Deed = Extract<Ask, { kind: 'do' }>;

/** Does what was asked, in the caller's transaction, and once: the request is remembered in it. */
export async function perform(
  uow: UnitOfWork,
  commander: Commander,
  policy: Policy,
  { request, person, ask }: { readonly request: SlackRequest; readonly person: Person; readonly ask: Deed },
): Promise<Performed> {
  if (!(await firstSight(uow.trx, 'slack', request.id, request.receivedAt))) return { kind: 'seen' };
  const which = await incidentOf(uow.trx, ask.incidentId, request.channelId);
  if ('because' in which) return { kind: 'refused', because: which.because, state: null };
  const before = await lockIncident(uow.trx, which.id);
  if (before === null) return { kind: 'refused', because: `There is no incident ${which.id}.`, state: null };
  const moved = ask.plan === undefined ? null : whyOtherPlan(before.state.rollback, ask.plan);
  if (moved !== null) return { kind: 'refused', because: moved, state: before.state };
  const command: Command = { ...ask.deed, by: person.name, via: 'slack' };
  try {
    const state = await commander.apply(uow, which.id, before, [command], policy);
    return { kind: state.version === before.state.version ? 'unchanged' : 'done', state };
  } catch (error) {
    // Nothing of it was written: a command is refused before anything is.
    if (!(error instanceof CommandRefused)) throw error;
    return { kind: 'refused', because: error.message, state: before.state };
  }
}

/** The incident that is named, or the only open one that has its message in the channel. */
async function incidentOf(
  trx: Trx,
  named: string | null,
  channelId: string | null,
): Promise<{ readonly id: string } | { readonly because: string }> {
  if (named !== null) return { id: named };
  const open = channelId === null ? [] : await openIncidentsIn(trx, channelId);
  const [only] = open;
  if (only === undefined)
    return { because: 'No open incident has its message in this channel: say which one is meant.' };
  if (open.length === 1) return { id: only.id };
  return {
    because: `Several incidents are open in this channel: say which one. ${open.map(({ id }) => id).join(', ')}`,
  };
}

/** What was said about one plan is not done to another. */
function whyOtherPlan(rollback: RollbackState | null, plan: string | null): string | null {
  const hash = rollback?.planHash ?? null;
  if (rollback === null) return 'There is no rollback any more.';
  const isSame = plan === null ? hash === null : hash?.startsWith(plan) === true;
  return isSame ? null : 'The plan has changed since it was shown: look at it again.';
}
