import type { RoutingDecision } from '../domain/decision.ts';
import { fillBecause } from './because.ts';
import { matchesOf, winnerOf, type Known, type Verdict } from './choose.ts';
import type { RouteParams } from './rule-file.ts';
import type { RuleSet } from './rule-set.ts';

/** The team, and why it is that one. */
export type SpecialistChoice = Pick<RoutingDecision, 'rule' | 'because' | 'specialist'>;

export interface Routing {
  readonly decision: RoutingDecision;
  /** What the routes went by: the facts of the other rules, and the specialist. */
  readonly facts: Known;
}

/**
 * Who has to hear of it: one specialist, and whoever a route adds. `standing` says which specialist stands for the
 * incident, given what the rules say now.
 */
export async function route(
  rules: RuleSet,
  known: Known,
  standing: (decided: SpecialistChoice) => SpecialistChoice,
): Promise<Routing> {
  const choice = standing(specialistOf(await winnerOf(rules.specialist, known), known));
  const facts: Known = choice.specialist === null ? known : { ...known, specialist: choice.specialist };
  const matches = await matchesOf(rules.route, facts);
  return { decision: { ...choice, rulesHash: rules.hash, ...added(matches, facts) }, facts };
}

function specialistOf(winner: Verdict | null, known: Known): SpecialistChoice {
  const event = winner?.rule.event;
  if (winner !== null && event?.type === 'specialist') {
    const { specialist, because } = event.params;
    return { rule: winner.rule.name, because: fillBecause(because, known), specialist };
  }
  const configured = known['serviceSpecialist'];
  return typeof configured === 'string'
    ? { rule: null, because: 'the configuration names it for the service', specialist: configured }
    : { rule: null, because: 'no rule matched', specialist: null };
}

type Added = Pick<RoutingDecision, 'routes' | 'page' | 'slackChannels' | 'emails' | 'audiences'>;

function added(matches: readonly Verdict[], known: Known): Added {
  const routes = matches.flatMap(({ rule }) =>
    rule.event.type === 'route' ? [{ name: rule.name, params: rule.event.params }] : [],
  );
  const all = (list: (params: RouteParams) => readonly string[] | undefined): readonly string[] => [
    ...new Set(routes.flatMap(({ params }) => list(params) ?? [])),
  ];
  return {
    routes: routes.map(({ name, params }) => ({ rule: name, because: fillBecause(params.because, known) })),
    page: routes.some(({ params }) => params.page === true),
    slackChannels: all((params) => params.slackChannels),
    emails: all((params) => params.email),
    audiences: all((params) => params.audiences),
  };
}
