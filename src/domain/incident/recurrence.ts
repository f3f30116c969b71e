import type { Policy } from '../policy.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import { ms } from '../time.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { CauseCategory, Recurrence } from './process-events.ts';
import { RECURRENCES } from './process-events.ts';
import type { ActionItem } from './process-state.ts';
import type { IncidentState } from './state.ts';

/** Another incident, as far as it says something about this one. */
export interface EarlierIncident {
  readonly id: string;
  readonly correlationKey: string;
  readonly title: string;
  readonly service: string | null;
  readonly environment: string | null;
  readonly severity: Severity;
  readonly openedAt: Instant;
  /** When it was restored, or resolved; null: it is not. */
  readonly overAt: Instant | null;
  readonly alertNames: readonly string[];
  /** Of hypotheses that nobody refuted. */
  readonly categories: readonly CauseCategory[];
  /** The change that was suspected there. */
  readonly suspectId: string | null;
  readonly actions: readonly ActionItem[];
}

const MOST_NAMED = 20;
const DAY_MS = 86_400_000;

/**
 * Which earlier incidents this one repeats, by the strongest reason that holds: the same cause, else the same alerts, else
 * the same service. Null: none. What was not over when this one opened is no repeat: it is the same trouble.
 */
export function recurrenceOf(
  state: IncidentState,
  earlier: readonly EarlierIncident[],
  { learning }: Pick<Policy, 'learning'>,
): Extract<ProcessCommand, { kind: 'recognise-recurrence' }> | null {
  const days = learning.recurrenceDays;
  const since = ms(state.openedAt) - days * DAY_MS;
  const candidates = earlier
    .filter((other) => isBefore(state, other) && ms(other.openedAt) >= since && isSamePlace(state, other))
    .sort((a, b) => ms(b.openedAt) - ms(a.openedAt));
  for (const why of RECURRENCES) {
    const of = candidates.filter((other) => REASONS[why](state, other)).slice(0, MOST_NAMED);
    if (of.length === 0) continue;
    const openActions = of.flatMap(({ id: incidentId, actions }) =>
      actions
        .filter(({ status }) => status === 'open')
        .map(({ id, action, owner, dueAt }) => ({ incidentId, id, action, owner, dueAt })),
    );
    return {
      kind: 'recognise-recurrence',
      why,
      of: of.map(({ id }) => id),
      days,
      openActions: openActions.slice(0, MOST_NAMED),
    };
  }
  return null;
}

const isBefore = (state: IncidentState, other: EarlierIncident): boolean =>
  other.id !== state.id && other.overAt !== null && ms(other.overAt) <= ms(state.openedAt);

/** Staging repeats nothing of production. */
const isSamePlace = ({ environment }: IncidentState, other: EarlierIncident): boolean =>
  environment === null || other.environment === null || environment === other.environment;

const REASONS: Readonly<Record<Recurrence, (state: IncidentState, other: EarlierIncident) => boolean>> = {
  'same-cause': (state, other) => {
    const suspect = suspectIdOf(state);
    if (suspect !== null && suspect === other.suspectId) return true;
    const categories = state.rootCauses.filter((cause) => cause.state !== 'refuted').map(({ category }) => category);
    return isSameService(state, other) && categories.some((category) => other.categories.includes(category));
  },
  'same-alerts': (state, other) =>
    (isSameService(state, other) || state.correlationKey === other.correlationKey) &&
    state.alertNames.some((name) => other.alertNames.includes(name)),
  'same-service': isSameService,
};

function isSameService({ service }: IncidentState, other: EarlierIncident): boolean {
  return service !== null && service === other.service;
}

/** The change that is suspected: in the pinned rollback, else by the last decision. */
export function suspectIdOf({ rollback, decision }: Pick<IncidentState, 'rollback' | 'decision'>): string | null {
  const suspect = rollback?.suspect ?? decision?.facts['suspectChange'];
  const id = typeof suspect === 'object' && suspect !== null && 'id' in suspect ? suspect['id'] : null;
  return typeof id === 'string' ? id : null;
}
