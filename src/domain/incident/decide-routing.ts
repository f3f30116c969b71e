import type { RoutingDecision } from '../decision.ts';
import type { Policy } from '../policy.ts';
import type { NewEvent } from './events.ts';
import { holdsPage, pageEvent } from './paging.ts';
import type { IncidentState } from './state.ts';

type Choice = Pick<RoutingDecision, 'specialist' | 'rule' | 'because'>;

/** That nobody can be named any more takes nobody away: the team that it went to is at work on it. */
export const standingSpecialist = ({ routing }: Pick<IncidentState, 'routing'>, decided: Choice): Choice =>
  decided.specialist !== null || routing === null
    ? decided
    : { specialist: routing.specialist, rule: routing.rule, because: routing.because };

/** Who has to hear of it: whom the rules add, and the team that it goes to. Recorded when it says something new. */
export function routingEvents(
  state: IncidentState,
  decision: RoutingDecision,
  { communication }: Policy,
): readonly NewEvent[] {
  const stands = withTeam({ ...decision, ...standingSpecialist(state, decision) }, communication);
  return saysTheSame(state.routing ?? NOBODY, stands) ? [] : [{ type: 'routing-decided', data: stands }];
}

function withTeam(decision: RoutingDecision, { specialists }: Policy['communication']): RoutingDecision {
  const team = decision.specialist === null ? undefined : specialists[decision.specialist];
  if (team === undefined) return decision;
  const channels = team.slackChannel === null ? [] : [team.slackChannel];
  return {
    ...decision,
    slackChannels: [...new Set([...channels, ...decision.slackChannels])],
    emails: [...new Set([...team.email, ...decision.emails])],
  };
}

/** Rules may ask for a page where the process asks for none. Once an incident: it pages for what others page for, too. */
export function routedPage(
  state: IncidentState,
  { page, routes }: RoutingDecision,
  said: readonly NewEvent[],
): readonly NewEvent[] {
  const isPaged = state.page !== null || said.some((event) => event.type === 'page-requested');
  // What is over already wakes nobody, nor does what another incident has the page for.
  if (!page || isPaged || state.alertCounts.firing === 0 || state.linkedTo !== null) return [];
  if (holdsPage(state, state.severity, 'routed')) return [];
  const because = routes.map((route) => route.because).join('; ');
  return [pageEvent('routed', because)];
}

type Told = Pick<RoutingDecision, 'specialist' | 'page' | 'slackChannels' | 'emails' | 'audiences'>;

const NOBODY: Told = { specialist: null, page: false, slackChannels: [], emails: [], audiences: [] };

function saysTheSame(known: Told, now: Told): boolean {
  const content = ({ specialist, page, slackChannels, emails, audiences }: Told): string =>
    JSON.stringify([specialist, page, slackChannels, emails, audiences]);
  return content(known) === content(now);
}
