import { isUrgent } from '../severity.ts';
import { iso, ms } from '../time.ts';
import type { AlertNews, Command, Context, Opening } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { clocksAtReopening, clocksAtResolution, clocksAtRestoration } from './clocks-at.ts';
import { stopClock } from './decide-clocks.ts';
import { endMonitoring, fixedBefore, isMonitored } from './decide-ending.ts';
import { unaccepted } from './decide-pages.ts';
import { hasBegun, rollbackAtRecovery } from './decide-recovery.ts';
import type { NewEvent } from './events.ts';
import { isInMaintenance, pageEvent } from './paging.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';
import { plural } from './words.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

export function open(opening: Opening, news: AlertNews, { now }: Context): readonly NewEvent[] {
  const { onset } = opening;
  return [
    {
      type: 'incident-opened',
      data: {
        correlationKey: opening.correlationKey,
        service: opening.service,
        environment: opening.environment,
        title: opening.title,
        labels: opening.labels,
        // A sender's clock may be fast: what was changed before we heard of it was changed before it.
        onset: ms(onset.at) > now ? { ...onset, at: iso(now) } : onset,
        runbookUrl: opening.runbookUrl,
        sourceUrl: opening.sourceUrl,
        afterKeyVersion: opening.afterKeyVersion,
        ...(opening.drill === true ? { drill: true } : {}),
      },
    },
    ...alertEvents(news),
  ];
}

function alertEvents(news: AlertNews): readonly NewEvent[] {
  const events: NewEvent[] = [];
  if (news.joined.count > 0) {
    events.push({
      type: 'alerts-joined',
      data: {
        count: news.joined.count,
        counts: news.counts,
        names: news.joined.names,
        samples: news.joined.samples,
      },
    });
  }
  if (news.resolved.count > 0) {
    events.push({
      type: 'alerts-resolved',
      data: { count: news.resolved.count, counts: news.counts, samples: news.resolved.samples },
    });
  }
  return events;
}

/** Alerts came or went. The last one gone means restored; one that comes back means it was not over. */
export function observeAlerts(state: IncidentState, news: AlertNews, context: Context): readonly NewEvent[] {
  const events = [...alertEvents(news)];
  if (news.counts.firing === 0) events.push(...recovered(state, 'all its alerts have resolved', context));
  else if (news.joined.count > 0 && mayComeBack(state, context))
    events.push(...reopen(state, fires(state, news.joined.names), context));
  return events;
}

const mayComeBack = (state: IncidentState, context: Context): boolean =>
  state.status === 'mitigated' || isMonitored(state, context);

/** P0 and P1 become mitigated: a fix still has to be deployed or declared unnecessary. P2 and P3 are over. */
export function recovered(state: IncidentState, because: string, context: Context): readonly NewEvent[] {
  const isBad = state.severity !== null && isUrgent(state.severity);
  if (!isActive(state.status) || (state.status === 'mitigated' && isBad)) return [];
  if (isMeasured(state) || isDoubted(state)) return [];
  const resolved = (why: string): NewEvent => ({
    type: 'incident-resolved',
    data: { by: 'firebreak', because: why, via: 'alerts' },
  });
  const isFixed = isBad && fixedBefore(state);
  const over: readonly NewEvent[] = isBad
    ? [
        { type: 'incident-mitigated', data: { because, via: 'alerts' } },
        ...(isFixed ? [resolved(`${because}, and its fix was recorded before`)] : []),
      ]
    : [resolved(because)];
  const clocks = isBad && !isFixed ? clocksAtRestoration : clocksAtResolution;
  return [...over, ...clocks(state, context.now, because, context), ...rollbackAtRecovery(state, context)];
}

/**
 * While a rollback of ours is carried out and judged by metrics, alerts that resolve prove nothing by themselves: a dead
 * service has no errors. The samples say when it was restored.
 */
const isMeasured = ({ rollback, baseline, status }: IncidentState): boolean =>
  isMeasurable(baseline) &&
  status !== 'mitigated' &&
  (rollback?.stage === 'validating' || (rollback?.stage === 'executing' && hasBegun(rollback)));

/** Where samples have said that it is not well, alerts alone do not say the opposite: the rules must find less, too. */
const isDoubted = ({ rollback, baseline, lowerSince }: IncidentState): boolean =>
  isMeasurable(baseline) &&
  lowerSince === null &&
  rollback?.stage === 'finished' &&
  (rollback.verdict === 'not-recovered' || rollback.verdict === 'unknown');

const isMeasurable = (baseline: IncidentState['baseline']): boolean =>
  baseline != null && Object.keys(baseline.metrics).length > 0;

/** What still fires when its extended monitoring is over was not over, and a closed incident would never speak of it again. */
export function monitoringOver(state: IncidentState, context: Context): readonly NewEvent[] {
  const ended = endMonitoring(state, context);
  const { firing } = state.alertCounts;
  if (ended.length === 0 || firing === 0) return ended;
  const which = `${plural(firing, 'alert')} ${firing === 1 ? 'has' : 'have'} fired all the time`;
  return reopen(state, `${which} since it was resolved (${state.alertNames.join(', ')})`, context);
}

function reopen(state: IncidentState, because: string, context: Context): readonly NewEvent[] {
  const severity = state.severity ?? 'P2';
  const monitored: readonly NewEvent[] =
    state.status === 'resolved' ? [{ type: 'monitoring-ended', data: { result: 'reopened', because } }] : [];
  const wakes = severity === 'P0' && state.linkedTo === null && !isInMaintenance(state);
  return [
    ...monitored,
    { type: 'incident-reopened', data: { because } },
    ...clocksAtReopening(state, severity, context),
    ...(wakes ? [pageEvent('reopened', because)] : []),
  ];
}

export function acknowledge(state: IncidentState, command: Of<'acknowledge'>, context: Context): readonly NewEvent[] {
  if (!isActive(state.status)) throw new CommandRefused('conflict', `incident ${state.id} is ${state.status}`);
  if (state.acknowledgedAt !== null) return [];
  return [
    { type: 'incident-acknowledged', data: { by: command.by, via: command.via } },
    ...stopClock(state, 'acknowledge', context.now),
  ];
}

export const addNote = (command: Of<'add-note'>): readonly NewEvent[] => [
  { type: 'note-added', data: { by: command.by, via: command.via, text: command.text } },
];

/** No action without a recorded result. */
export function reportEffect(
  state: IncidentState,
  { effect, outcome }: Of<'report-effect'>,
  context: Context,
): readonly NewEvent[] {
  const name = `${effect.channel} ${effect.kind}`;
  switch (outcome.kind) {
    case 'sent':
      return [
        { type: 'notification-sent', data: { ...effect, receipt: outcome.receipt, latencyMs: outcome.latencyMs } },
        ...(TELLS_PEOPLE.has(name) ? stopClock(state, 'update', context.now) : []),
      ];
    case 'skipped':
      return [{ type: 'notification-skipped', data: { ...effect, because: outcome.because } }];
    case 'failed':
      return [
        { type: 'notification-failed', data: { ...effect, failure: outcome.failure, attempts: outcome.attempts } },
        // It will not be taken any more, so there is nothing to wait for.
        ...(name === 'pagerduty trigger' ? unaccepted(state, outcome.failure.message, context) : []),
      ];
  }
}

/** The first of these that is really out is the first status update. */
const TELLS_PEOPLE: ReadonlySet<string> = new Set(['slack announce', 'slack thread', 'email opened', 'email update']);

/** Which alert it is, and why that is the same trouble. */
function fires({ alertNames, status }: IncidentState, names: readonly string[]): string {
  const which = names.join(', ') || 'an alert';
  if (names.length === 0 || names.some((name) => alertNames.includes(name))) return `${which} fires again`;
  return status === 'resolved' ? `${which} fires, and the same change is suspected of it` : `${which} fires`;
}
