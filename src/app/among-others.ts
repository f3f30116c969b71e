import type { Command } from '../domain/incident/commands.ts';
import { decide } from '../domain/incident/decide.ts';
import type { NewEvent, PageReason } from '../domain/incident/events.ts';
import { chain, GENESIS, parseEvent } from '../domain/incident/chain.ts';
import { evolve } from '../domain/incident/evolve.ts';
import type { Quiet } from '../domain/incident/process-events.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { Sharer } from '../domain/sharing.ts';
import { sharedBy, sharerOf, suspectOf } from '../domain/sharing.ts';
import { iso } from '../domain/time.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import { lockIncident } from '../store/incidents.ts';
import { mergedTarget, pagedSince } from '../store/relations.ts';
import type { UnitOfWork } from '../store/store.ts';
import type { Storm } from '../store/storms.ts';
import { lookAround, maintenanceFor } from './around.ts';
import type { Commander } from './commander.ts';
import { joinStorm, tellOfStorm } from './storms.ts';

/** What is about to be committed for an incident. */
export interface Scene {
  readonly incidentId: string;
  /** Null: it opens. */
  readonly before: LoadedIncident | null;
  readonly commands: readonly Command[];
  readonly policy: Policy;
  readonly now: number;
}

/** The pages that are about how bad it is: of several incidents that are one trouble, one has it. */
const OF_SEVERITY: ReadonlySet<PageReason> = new Set(['first-page', 'severity-raised', 'reopened']);

/** What the commands come to, without committing it. */
export interface Outcome {
  readonly events: readonly NewEvent[];
  readonly after: IncidentState | null;
}

export function rehearse({ incidentId, before, commands, policy, now }: Scene): Outcome {
  let state = before?.state ?? null;
  let head = before?.head ?? { seq: 0, hash: GENESIS };
  const events: NewEvent[] = [];
  for (const command of commands) {
    const news = decide(state, command, { now, policy });
    const rows = chain(incidentId, head, news, iso(now));
    state = rows.map(parseEvent).reduce(evolve, state);
    head = rows.at(-1) ?? head;
    events.push(...news);
  }
  return { events, after: state };
}

/** Somebody would be woken for how bad it is. */
export const wakes = ({ events }: Outcome): boolean =>
  events.some((event) => event.type === 'page-requested' && OF_SEVERITY.has(event.data.reason));

/**
 * The commands with what the other incidents, windows and storms make of them. In the transaction that commits them, in the
 * gate where one opens or wakes somebody. `told` is to be called once they are applied.
 */
export async function amongOthers(
  uow: UnitOfWork,
  commander: Commander,
  scene: Scene,
): Promise<{ readonly commands: readonly Command[]; readonly told: () => Promise<void> }> {
  const { before, policy, now } = scene;
  const around = before === null ? await opening(uow, commander, scene) : await goingOn(uow, scene, before.state);
  const commands = await withLink(uow, commander, { ...scene, commands: around });
  if (before !== null) return { commands, told: () => Promise.resolve() };
  // The storm last: whoever holds it waits for no incident.
  const { commands: all, begun } = await inStorm(uow, commander, { ...scene, commands });
  return {
    commands: all,
    told: () => (begun === null ? Promise.resolve() : tellOfStorm(uow, { commander, policy, now }, begun)),
  };
}

async function goingOn({ trx }: UnitOfWork, scene: Scene, state: IncidentState): Promise<readonly Command[]> {
  const { commands, now } = scene;
  const comesBack = isOver(state) && rehearse(scene).events.some(({ type }) => type === 'incident-reopened');
  if (!comesBack && state.quiet.length === 0 && state.linkedTo === null) return commands;
  const { holds, releases } = await lookAround(trx, state, comesBack, now);
  const [news, ...rest] = commands;
  return [...holds, ...(news === undefined ? [] : [news]), ...releases, ...rest];
}

const isOver = ({ status }: IncidentState): boolean => status === 'mitigated' || status === 'resolved';

async function opening(uow: UnitOfWork, commander: Commander, scene: Scene): Promise<readonly Command[]> {
  const { commands, now } = scene;
  const [open] = commands;
  if (open?.kind !== 'open' || open.opening.drill === true) return commands;
  const { service, environment, correlationKey } = open.opening;
  const quiet = await maintenanceFor(uow.trx, { service, environment, since: now, isHeld: false }, now);
  return afterOpening(commands, [...quieting(quiet), ...(await partOf(uow, commander, scene, correlationKey))]);
}

async function inStorm(
  uow: UnitOfWork,
  commander: Commander,
  scene: Scene,
): Promise<{ readonly commands: readonly Command[]; readonly begun: Storm | null }> {
  const { incidentId: id, commands, policy, now } = scene;
  const { after } = rehearse(scene);
  if (after === null || after.drill === true) return { commands, begun: null };
  const { quiet, begun } = await joinStorm(uow, { commander, policy, now }, { id, severity: after.severity ?? 'P2' });
  return { commands: afterOpening(commands, quieting(quiet)), begun };
}

const quieting = (quiet: Quiet | null): readonly Command[] => (quiet === null ? [] : [{ kind: 'set-quiet', quiet }]);

const afterOpening = ([open, ...rest]: readonly Command[], more: readonly Command[]): readonly Command[] =>
  open === undefined ? more : [open, ...more, ...rest];

/** What was merged went on in another incident: what comes of it after that is linked to that one, which has the page. */
async function partOf(uow: UnitOfWork, commander: Commander, scene: Scene, key: string): Promise<readonly Command[]> {
  const target = await mergedTarget(uow.trx, key);
  if (target === null) return [];
  return linkTo(uow, commander, scene, target.id, `${target.from}, of the same alerts, is merged into ${target.id}`);
}

/** A P0 that shares a cause with one that was paged a moment ago is linked to it instead of waking somebody again. */
async function withLink(uow: UnitOfWork, commander: Commander, scene: Scene): Promise<readonly Command[]> {
  const { before, commands, policy, now, incidentId } = scene;
  if (policy.communication.linkSeconds === 0) return commands;
  const outcome = rehearse(scene);
  if (outcome.after?.severity !== 'P0' || outcome.after.drill === true || !wakes(outcome)) return commands;
  const own = sharerIn(outcome, commands);
  const since = now - policy.communication.linkSeconds * 1000;
  for (const candidate of await pagedSince(uow.trx, since, incidentId)) {
    const why = sharedBy(own, sharerOf(candidate), policy);
    const link = why === null ? [] : await linkTo(uow, commander, scene, candidate.id, why);
    if (link.length === 0) continue;
    return before === null ? afterOpening(commands, link) : [...link, ...commands];
  }
  return commands;
}

/** Its suspect is what the rules were just told, not what they were told when they last decided something. */
function sharerIn({ after }: Outcome, commands: readonly Command[]): Sharer {
  const assess = commands.find((command) => command.kind === 'assess');
  const suspectId = assess === undefined ? null : suspectOf(assess.assessment.rollback.facts);
  return { service: after?.service ?? null, environment: after?.environment ?? null, suspectId };
}

/** Both are told. Nothing when the other one is over by now. */
async function linkTo(
  uow: UnitOfWork,
  commander: Commander,
  { incidentId, before, commands, policy }: Scene,
  to: string,
  because: string,
): Promise<readonly Command[]> {
  const [first] = commands;
  const about = before?.state ?? (first?.kind === 'open' ? first.opening : null);
  const target = await lockIncident(uow.trx, to);
  const goesOn = target?.state.status === 'open' || target?.state.status === 'acknowledged';
  if (about === null || target === null || !goesOn) return [];
  const { title, service } = about;
  await commander.apply(uow, to, target, [{ kind: 'note-link', from: incidentId, title, service, because }], policy);
  return [{ kind: 'link', to, because }];
}
