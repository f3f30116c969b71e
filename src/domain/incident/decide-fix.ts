import { isUrgent } from '../severity.ts';
import { ms } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { FixStage } from './process-events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

/**
 * A change to an affected service. Before the restoration it is announced, and is no fix: P0 and P1 are not fixed forward.
 * After it, one that went out with its test and staging evidence, and is not a version that was bad, is the fix.
 */
export function noticeChange(
  state: IncidentState,
  { change, evidence, completed }: Of<'notice-change'>,
  context: Context,
): readonly NewEvent[] {
  if (state.status === 'closed') return [];
  const beforeRestoration = state.mitigatedAt === null || ms(change.at) < ms(state.mitigatedAt);
  const known = state.changes.includes(change.id);
  const noticed: readonly NewEvent[] = known
    ? []
    : [{ type: 'change-noticed', data: { ...change, beforeRestoration } }];
  const isFix =
    !beforeRestoration &&
    completed &&
    evidence.tests &&
    evidence.staging &&
    state.fixDeployedAt === null &&
    !isBad(state, change.version);
  if (!isFix) return noticed;
  const { at, url, version, by } = change;
  const said = { by: by ?? 'the change feed', via: 'changes', url, version, text: null, at };
  const stages: readonly FixStage[] = ['tested', 'staging'];
  const before: readonly NewEvent[] = stages
    .filter((stage) => !state.fixSteps.some((step) => step.stage === stage))
    .map((stage) => ({ type: 'fix-recorded', data: { ...said, stage } }));
  return [...noticed, ...before, ...recordFix(state, { kind: 'record-fix', stage: 'deployed', ...said }, context)];
}

const isBad = ({ badVersions }: IncidentState, version: string | null): boolean =>
  version !== null && badVersions.includes(version);

/** A restored P0 or P1 is resolved by its fix, deployed or declared unnecessary. */
export function recordFix(
  state: IncidentState,
  { stage, at, url, version, text, by, via }: Of<'record-fix'>,
  context: Context,
): readonly NewEvent[] {
  if (state.dismissed !== null || state.mergedInto !== null) {
    throw new CommandRefused('conflict', `incident ${state.id} is closed without a fix`);
  }
  if (ms(at) > context.now) throw new CommandRefused('invalid', 'a fix is recorded when it has happened');
  if (stage === 'deployed' && isBad(state, version)) {
    throw new CommandRefused('conflict', `${version ?? ''} is the version that was bad in this incident`);
  }
  const same = state.fixSteps.some((step) => step.stage === stage && step.version === version && step.url === url);
  if (same) return [];
  const recorded: NewEvent = { type: 'fix-recorded', data: { stage, at, url, version, text, by, via } };
  const ends = (stage === 'deployed' || stage === 'unnecessary') && state.status === 'mitigated';
  if (!ends || state.severity === null || !isUrgent(state.severity)) return [recorded];
  const because =
    stage === 'deployed' ? `the fix is deployed${version === null ? '' : ` (${version})`}` : 'no fix is needed';
  return [recorded, { type: 'incident-resolved', data: { by, because, via } }];
}
