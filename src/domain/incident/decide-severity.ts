import type { SeverityDecision } from '../decision.ts';
import type { Severity } from '../severity.ts';
import { isUrgent, isWorse } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { Command, Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { clocksAtChange, clocksAtOpening, clocksAtResolution } from './clocks-at.ts';
import type { NewEvent } from './events.ts';
import { pageEvent, wakesAsP0 } from './paging.ts';
import type { IncidentState } from './state.ts';
import { isActive, isUnderWay } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;
type Onset = NonNullable<Of<'assess'>['onset']>;

/** An impact that is gone for this long has gone for good. */
const LOWER_AFTER_MS = 600_000;

type Standing = Pick<IncidentState, 'severity' | 'lowerSince' | 'rollback' | 'override' | 'releasedAt'>;

/**
 * The severity that stands when the rules say `decided` now. A person's word stands until it is released, and then the rules
 * decide at once. Else it rises at once, and a P0 or P1 falls only when the rules have said so for a while: that the impact
 * is gone may be the recovery, and what recovers is no smaller incident for it.
 */
export function standingSeverity(state: Standing, decided: Severity, now: number): Severity {
  const { severity, lowerSince, rollback, override, releasedAt } = state;
  if (override !== null) return override.severity;
  if (severity === null || !isUrgent(severity) || !isWorse(severity, decided)) return decided;
  // Its verdict says whether it is over.
  if (isUnderWay(rollback)) return severity;
  if (releasedAt !== null) return decided;
  return lowerSince !== null && now - ms(lowerSince) >= LOWER_AFTER_MS ? decided : severity;
}

/** From P2 or P3 to P0 or P1: it became urgent only now, and how it began is asked anew. */
export const becomesUrgent = (from: Severity | null, to: Severity): boolean =>
  from !== null && !isUrgent(from) && isUrgent(to);

/** What the rules say, where it is news, and what it changes. */
export function severityEvents(
  state: IncidentState,
  decision: SeverityDecision,
  to: Severity,
  onset: Onset | undefined,
  context: Context,
): readonly NewEvent[] {
  const released = state.releasedAt !== null && !isUnderWay(state.rollback);
  const isNews = state.ruledLast !== decision.rule || state.severity === null || released;
  const said: NewEvent = { type: 'severity-decided', data: decision };
  if (state.severity === to) return isNews ? [said] : [];
  const changed = changeSeverity(state, to, decision.because, onset, context);
  // Only what stands takes the reason and the impact of a decision.
  const falls = state.severity !== null && isWorse(state.severity, to);
  return falls ? [...changed.slice(0, 1), said, ...changed.slice(1)] : [said, ...changed];
}

/** Another severity, whoever says so: its clocks, its onset, its page. The change itself comes first. */
function changeSeverity(
  state: IncidentState,
  to: Severity,
  because: string,
  onset: Onset | undefined,
  context: Context,
  isOver = false,
): readonly NewEvent[] {
  const from = state.severity;
  const changed = (): readonly NewEvent[] => (isOver ? [] : clocksAtChange(state, to, context));
  const clocks = from === null ? clocksAtOpening(ms(state.onset.at), to, context) : changed();
  const isOfStorm = to === 'P0' && state.quiet.some(({ kind }) => kind === 'storm');
  const reason = from === null ? 'first-page' : 'severity-raised';
  return [
    { type: 'severity-changed', data: { from, to, because } },
    ...renewOnset(state, to, onset, context),
    ...clocks,
    ...(isOfStorm ? [OUT_OF_STORM] : []),
    ...(to === 'P0' && wakesAsP0(state) ? [pageEvent(reason, because)] : []),
  ];
}

const OUT_OF_STORM: NewEvent = {
  type: 'unquieted',
  data: { kind: 'storm', because: 'it is P0 now, and a P0 waits for nothing' },
};

/** Not while a rollback is carried out or judged: that is measured against what it began with. */
function renewOnset(
  state: IncidentState,
  to: Severity,
  onset: Onset | undefined,
  { now }: Context,
): readonly NewEvent[] {
  if (!becomesUrgent(state.severity, to) || isUnderWay(state.rollback) || state.status === 'mitigated') return [];
  const because = `it became ${to}`;
  const isLater = onset !== undefined && ms(onset.at) > ms(state.onset.at) && ms(onset.at) <= now;
  const data = isLater ? onset : { at: iso(now), source: 'severity-raised' as const };
  return [{ type: 'onset-renewed', data: { ...data, because } }];
}

/** The onset that stands after the events. */
export const onsetAfter = (state: IncidentState, events: readonly NewEvent[]): IncidentState['onset'] => {
  const renewed = events.find((event) => event.type === 'onset-renewed');
  return renewed === undefined ? state.onset : { at: renewed.data.at, source: renewed.data.source };
};

/** Stands whatever the rules say, until it is released. Clocks and pages follow as if the rules had said it. */
export function overrideSeverity(
  state: IncidentState,
  { severity, by, via, because }: Of<'override-severity'>,
  context: Context,
): readonly NewEvent[] {
  if (!isActive(state.status)) throw new CommandRefused('conflict', `incident ${state.id} is ${state.status}`);
  if (state.override?.severity === severity) return [];
  const said: NewEvent = { type: 'severity-overridden', data: { severity, by, via, because } };
  if (state.severity === severity) return [said];
  const why = `${by}: ${because}`;
  const isOver = state.status === 'mitigated' && !isUrgent(severity) && state.alertCounts.firing === 0;
  return [
    said,
    ...changeSeverity(state, severity, why, undefined, context, isOver),
    // Restored and of no more weight than this, it needs no fix to be over.
    ...(isOver ? [{ type: 'incident-resolved' as const, data: { by, because: why, via } }] : []),
    ...(isOver ? clocksAtResolution(state, context.now, 'resolved', context) : []),
  ];
}

export function releaseSeverity(state: IncidentState, { by, via }: Of<'release-severity'>): readonly NewEvent[] {
  if (state.override === null) return [];
  if (!isActive(state.status)) throw new CommandRefused('conflict', `incident ${state.id} is ${state.status}`);
  return [{ type: 'severity-released', data: { by, via } }];
}
