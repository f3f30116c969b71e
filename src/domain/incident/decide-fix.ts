import { isUrgent } from '../severity.ts';
import { iso, ms } from '../time.ts';
import { clocksAtResolution } from './clocks-at.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { FixStage } from './process-events.ts';
import type { ProcessCommand } from './process-commands.ts';
import { suspectIdOf } from './recurrence.ts';
import type { IncidentState } from './state.ts';
import { isBadVersion, isSameVersion } from './versions.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

/**
 * A change to an affected service since the trouble began (other than the one that caused it). Before the restoration it is announced, and is no fix: P0 and
 * P1 are not fixed forward. After it, one that went out with its test and staging evidence, and is not a version that was
 * bad, is the fix. Refuses nothing: a change that was told of has happened.
 */
export function noticeChange(
  state: IncidentState,
  command: Of<'notice-change'>,
  context: Context,
): readonly NewEvent[] {
  const { id, service, kind, version, by, url, at } = command.change;
  if (state.status === 'closed' || ms(at) < ms(state.onset.at) || id === suspectIdOf(state)) return [];
  const beforeRestoration = state.mitigatedAt === null || ms(at) < ms(state.mitigatedAt);
  const noticed: readonly NewEvent[] = state.changes.includes(id)
    ? []
    : [{ type: 'change-noticed', data: { id, service, kind, version, by, url, at, beforeRestoration } }];
  return [...noticed, ...(isFix(state, command, beforeRestoration) ? fixOf(state, command, context) : [])];
}

function isFix(state: IncidentState, { change, evidence }: Of<'notice-change'>, beforeRestoration: boolean): boolean {
  const { service, version } = change;
  // What it depends on may be changed for many reasons.
  const concerns = service === state.service || service === state.rollback?.service;
  if (!concerns || change.deployedAt === null || isBadVersion(state, version)) return false;
  if (beforeRestoration && mustBeRestoredFirst(state)) return false;
  const decided = state.fixDeployedAt !== null || state.fixSteps.some(({ stage }) => stage === 'unnecessary');
  if (decided || !isLinked(state, version)) return false;
  const proved = (stage: FixStage): boolean => hasStage(state, stage, version);
  return (evidence.tests || proved('tested')) && (evidence.staging || proved('staging'));
}

/** Where a version is known that is to be the fix, no other one is it. */
function isLinked({ fixSteps }: IncidentState, version: string | null): boolean {
  const named = fixSteps.flatMap((step) => (step.version === null ? [] : [step.version]));
  return named.length === 0 || (version !== null && named.some((known) => isSameVersion(known, version)));
}

/** A stage that was recorded of this version, or of the fix without naming one. */
export const hasStage = ({ fixSteps }: Pick<IncidentState, 'fixSteps'>, stage: FixStage, version: string | null) =>
  fixSteps.some(
    (step) =>
      step.stage === stage && (step.version === null || (version !== null && isSameVersion(step.version, version))),
  );

const mustBeRestoredFirst = ({ severity, mitigatedAt }: IncidentState): boolean =>
  severity !== null && isUrgent(severity) && mitigatedAt === null;

function fixOf(state: IncidentState, { change }: Of<'notice-change'>, context: Context): readonly NewEvent[] {
  const { url, version, by } = change;
  // A sender's clock may be fast.
  const at = iso(Math.min(ms(change.deployedAt ?? change.at), context.now));
  const said = { by: by ?? 'the change feed', via: 'changes', url, version, text: null, at };
  const before: readonly NewEvent[] = (['tested', 'staging'] as const)
    .filter((stage) => !hasStage(state, stage, version))
    .map((stage) => ({ type: 'fix-recorded', data: { ...said, stage } }));
  return [...before, ...recorded(state, context, { ...said, stage: 'deployed' })];
}

/** A restored P0 or P1 is resolved by its fix, deployed or declared unnecessary. */
export function recordFix(state: IncidentState, command: Of<'record-fix'>, context: Context): readonly NewEvent[] {
  const { stage, at, url, version, text, by, via } = command;
  if (state.dismissed !== null || state.mergedInto !== null) {
    throw new CommandRefused('conflict', `incident ${state.id} is closed without a fix`);
  }
  checkMoment(state, at, context);
  checkOrder(state, stage);
  if (stage !== 'unnecessary' && isBadVersion(state, version)) {
    const message = `${version ?? ''} is the version that was bad in this incident: it is no fix`;
    throw new CommandRefused('conflict', message, 'version');
  }
  if (stage === 'linked' && url === null && version === null) {
    throw new CommandRefused('invalid', 'a fix is linked by its url, its version or both', 'url');
  }
  const same = state.fixSteps.some((step) => step.stage === stage && step.version === version && step.url === url);
  return same ? [] : recorded(state, context, { stage, at, url, version, text, by, via });
}

function checkMoment(state: IncidentState, at: string, { now }: Context): void {
  if (ms(at) > now) throw new CommandRefused('invalid', 'a fix is recorded when it has happened', 'at');
  if (ms(at) < ms(state.onset.at)) {
    throw new CommandRefused('invalid', `the trouble began later, at ${state.onset.at}: this cannot be its fix`, 'at');
  }
}

function checkOrder(state: IncidentState, stage: FixStage): void {
  const refuse = (message: string): never => {
    throw new CommandRefused('conflict', message, 'stage');
  };
  if (stage === 'validated' && state.fixDeployedAt === null) refuse('no fix is deployed: there is nothing to validate');
  if (stage === 'unnecessary' && state.fixDeployedAt !== null) refuse('a fix is deployed: it was not unnecessary');
}

type Recorded = Extract<NewEvent, { type: 'fix-recorded' }>['data'];

function recorded(state: IncidentState, context: Context, data: Recorded): readonly NewEvent[] {
  const { stage, version, by, via } = data;
  const news: NewEvent = { type: 'fix-recorded', data };
  const ends = (stage === 'deployed' || stage === 'unnecessary') && state.status === 'mitigated';
  if (!ends || state.severity === null || !isUrgent(state.severity)) return [news];
  const because =
    stage === 'deployed' ? `the fix is deployed${version === null ? '' : ` (${version})`}` : 'no fix is needed';
  return [
    news,
    { type: 'incident-resolved', data: { by, because, via } },
    ...clocksAtResolution(state, context.now, because, context),
  ];
}
