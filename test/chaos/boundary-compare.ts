import { isDeepStrictEqual } from 'node:util';
import type { CapturedText } from '../../src/domain/incident/events.ts';
import type { Boundary } from './boundary.ts';
import { isAnswer, type BoundaryEvent } from './boundary-events.ts';
import type { Ending } from './boundary-run.ts';
import { TARGETS } from './boundary-shop.ts';

/** Every promise that was broken in a run, in words. */
export const faultsOf = (boundary: Boundary | null, undisturbed: Ending, ending: Ending): readonly string[] => [
  ...(boundary === null ? [] : death(boundary, undisturbed, ending)),
  ...record(undisturbed, ending),
  ...outside(ending),
  ...same('how it ended', summary(undisturbed), summary(ending)),
  ...same('evidence', evidence(undisturbed), evidence(ending)),
];

const same = (what: string, expected: unknown, found: unknown): readonly string[] =>
  isDeepStrictEqual(found, expected)
    ? []
    : [`${what}: ${JSON.stringify(found)}; undisturbed: ${JSON.stringify(expected)}`];

const labels = (events: readonly BoundaryEvent[]): readonly string[] => events.map(({ label }) => label);

const courseOf = (events: readonly BoundaryEvent[]): readonly string[] =>
  labels(events.filter((event) => !isAnswer(event)));

/** It died where it was told to, and all that it had committed is still there. */
function death({ moment, event }: Boundary, undisturbed: Ending, { atDeath, events }: Ending): readonly string[] {
  const there = atDeath ?? [];
  const isThere = there.some(({ label }) => label === event);
  return [
    ...(isThere === (moment === 'after') ? [] : [`at its death the event was${isThere ? '' : ' not'} there`]),
    ...same('course at its death', courseOf(undisturbed.events).slice(0, courseOf(there).length), courseOf(there)),
    ...(isDeepStrictEqual(events.slice(0, there.length), there) ? [] : ['events that were there are not any more']),
  ];
}

/** The timeline of the undisturbed run: no event is lost, none came twice, and the chain is whole. */
function record(
  undisturbed: Ending,
  { events, chainFaults, incidents, effects, ...ending }: Ending,
): readonly string[] {
  const answers = (all: readonly BoundaryEvent[]): readonly string[] => labels(all.filter(isAnswer)).toSorted();
  const open = effects.filter(({ status }) => status !== 'delivered' && status !== 'skipped');
  return [
    ...same('course', courseOf(undisturbed.events), courseOf(events)),
    ...same('answers', answers(undisturbed.events), answers(events)),
    ...chainFaults.map((fault) => `the chain: ${JSON.stringify(fault)}`),
    ...(incidents.length === 1 ? [] : [`${incidents.length} incidents`]),
    ...open.map(({ id, status, result }) => `${id} is ${status}: ${result}`),
    ...(ending.rollbackStarts === 1 ? [] : [`${ending.rollbackStarts} rollbacks were started`]),
    ...(ending.targetsHeld === 0 ? [] : [`${ending.targetsHeld} targets are still held`]),
    ...(ending.exit === 0 ? [] : [`it ended with ${ending.exit}`]),
  ];
}

/**
 * Each target was changed once, to what was pinned. A page that may have got through is sent again and folded by its dedup
 * key; a change event has none, and its repeat is a second line in a list. Neither happens more than once a death.
 */
function outside({ patches, isBack, pages, changes }: Ending): readonly string[] {
  const [page] = pages;
  const told = TARGETS.map((name) => changes.filter((text) => text.includes(` ${name} `)).length);
  return [
    ...TARGETS.filter((name) => patches[name] !== 1).map((name) => `${name} was changed ${patches[name]} times`),
    ...TARGETS.filter((name) => isBack[name] !== true).map((name) => `${name} is not back`),
    ...(pages.length === 1 && page?.state === 'resolved' ? [] : [`pages: ${JSON.stringify(pages)}`]),
    ...(page === undefined || page.triggers <= 2 ? [] : [`the page was triggered ${page.triggers} times`]),
    ...(told.every((times) => times === 1 || times === 2) ? [] : [`PagerDuty was told of ${JSON.stringify(changes)}`]),
  ];
}

/** Without anything that a clock or chance decides. */
function summary({ incidents: [incident] }: Ending): object | null {
  if (incident === undefined) return null;
  const { severity, status, alertCounts, decision, rollback } = incident;
  // Without the identities that the cluster makes up.
  const badVersions = incident.badVersions.filter((version) => !UID.test(version));
  return {
    ...{ severity, status, alertCounts, badVersions },
    decision: decision === null ? null : { action: decision.action, rule: decision.rule },
    rollback:
      rollback === null ? null : { ...pick(rollback), steps: rollback.steps.map(pick), plan: versions(rollback) },
  };
}

const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const pick = (of: object): object =>
  Object.fromEntries(
    ['name', 'state', 'stage', 'verdict', 'stoppedBy', 'captured'].flatMap((key) =>
      key in of ? [[key, (of as Record<string, unknown>)[key]]] : [],
    ),
  );

const versions = ({ plan }: { readonly plan: { readonly steps: readonly Planned[] } | null }): object | undefined =>
  plan?.steps.map(({ config, target }) => [config.name, target.from.version, target.to.version]);

interface Planned {
  readonly config: { readonly name: string };
  readonly target: { readonly from: { readonly version: string }; readonly to: { readonly version: string } };
}

/** What was saved of each target before it was changed: which kinds of things, and whether its last words are among them. */
function evidence({ events }: Ending): object {
  const captures = events.filter(({ type }) => type === 'evidence-captured').map(({ data }) => data);
  return captures.map(({ name, items, missing }) => {
    const saved = items as unknown as readonly CapturedText[];
    const lastWord = `${name as string} of the bad version fails`;
    const kinds = [...new Set(saved.map(({ kind }) => kind))].sort();
    const lastWords = saved.some(({ text }) => text.includes(lastWord));
    return { name, kinds, lastWords, missing };
  });
}
