import type { RoutingDecision } from '../decision.ts';
import type { NewEvent } from './events.ts';
import type { IncidentState } from './state.ts';

/**
 * Who has to hear of it. Recorded when it says something new. That nobody can be named any more takes nobody away: the
 * team that it went to is at work on it.
 */
export function routingEvents(state: IncidentState, decision: RoutingDecision): readonly NewEvent[] {
  const { routing } = state;
  const kept = decision.specialist === null && routing !== null ? withSpecialistOf(routing, decision) : decision;
  return saysTheSame(routing ?? NOBODY, kept) ? [] : [{ type: 'routing-decided', data: kept }];
}

/** Rules may ask for a page where the process asks for none. Once an incident: it pages for what others page for, too. */
export function routedPage(
  state: IncidentState,
  { page, routes }: RoutingDecision,
  said: readonly NewEvent[],
): readonly NewEvent[] {
  const isPaged = state.page !== null || said.some((event) => event.type === 'page-requested');
  // What is over already wakes nobody.
  if (!page || isPaged || state.alertCounts.firing === 0) return [];
  const because = routes.map((route) => route.because).join('; ');
  return [{ type: 'page-requested', data: { reason: 'routed', because } }];
}

const withSpecialistOf = (
  { specialist, rule, because }: RoutingDecision,
  decision: RoutingDecision,
): RoutingDecision => ({ ...decision, specialist, rule, because });

type Told = Pick<RoutingDecision, 'specialist' | 'page' | 'slackChannels' | 'emails' | 'audiences'>;

const NOBODY: Told = { specialist: null, page: false, slackChannels: [], emails: [], audiences: [] };

function saysTheSame(known: Told, now: Told): boolean {
  const content = ({ specialist, page, slackChannels, emails, audiences }: Told): string =>
    JSON.stringify([specialist, page, slackChannels, emails, audiences]);
  return content(known) === content(now);
}
