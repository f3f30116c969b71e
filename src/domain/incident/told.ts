import { isUrgent, type Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import { ms } from '../time.ts';
import type { Quiet } from './process-events.ts';
import { isQuiet } from './process-state.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

type Told = Pick<IncidentState, 'toldAt' | 'announcedAt' | 'announced'>;

/** Messages are held back at the moment. A silence or a storm never holds a P0: whoever is woken by it finds it in Slack. */
export const isHeld = ({ quiet }: Pick<IncidentState, 'quiet'>, severity: Severity | null): boolean =>
  quiet.some(({ kind }) => kind === 'maintenance' || severity !== 'P0');

/** Alertmanager is asked at least this often; whoever has not said by then that a silence goes on is not there. */
const SILENCE_GRACE_MS = 600_000;

/** Epoch milliseconds from which it is no reason any more, whoever has been heard of; null: until that is said. */
export function quietUntil({ kind, until }: Quiet): number | null {
  if (until === null || kind === 'storm') return null;
  return kind === 'silenced' ? ms(until) + SILENCE_GRACE_MS : ms(until);
}

/** People hear of it, unless messages are held back. A P0 or P1 gets a message that follows it from then on. */
export function told(state: IncidentState, severity: Severity | null, at: Instant): Told {
  const { toldAt, announcedAt, announced } = state;
  if (severity === null || isHeld(state, severity)) return { toldAt, announcedAt, announced };
  const since = isUrgent(severity) ? (announcedAt ?? at) : announcedAt;
  return { toldAt: toldAt ?? at, announcedAt: since, announced: since !== null };
}

/** Messages are held back from now on: what would be said in this very moment is not said. */
export function heldBack(state: IncidentState, at: Instant): Told {
  const { toldAt, announcedAt, announced } = state;
  if (!isHeld(state, state.severity)) return { toldAt, announcedAt, announced };
  const since = announcedAt === at ? null : announcedAt;
  return { toldAt: toldAt === at ? null : toldAt, announcedAt: since, announced: since !== null };
}

/** Nobody is reminded of it: messages are held back, or were until a storm had passed and it was only listed. */
export const isUnheard = (state: Pick<IncidentState, 'quiet' | 'toldAt'>): boolean =>
  isQuiet(state) || state.toldAt === null;

/** There is news of it. What was only listed at the end of a storm is told of then. */
export const heardOf = (state: IncidentState, at: Instant): IncidentState =>
  state.toldAt === null && isActive(state.status) ? { ...state, ...told(state, state.severity, at) } : state;

/** Something about it has to be read now, whatever its severity. */
export const announcedNow = ({ toldAt, announcedAt }: IncidentState, at: Instant): Told => ({
  toldAt: toldAt ?? at,
  announcedAt: announcedAt ?? at,
  announced: true,
});
