import { isWorse } from '../severity.ts';
import { ms } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { detectionCorrected } from './clocks-at.ts';
import { hasBegun, rollbackAtResolve } from './decide-recovery.ts';
import { stopRollback } from './decide-rollback.ts';
import type { ClockName, NewEvent } from './events.ts';
import { escalationHeldBack } from './decide-warnings.ts';
import { holdsPage, pageEvent, wakesAsP0 } from './paging.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';
import { isHeld } from './told.ts';

type Of<K extends ProcessCommand['kind']> = Extract<ProcessCommand, { kind: K }>;

const refuse = (message: string): never => {
  throw new CommandRefused('conflict', message);
};

const mustBeActive = (state: IncidentState): void => {
  if (!isActive(state.status)) refuse(`incident ${state.id} is ${state.status}`);
};

const mustNotBeClosed = (state: IncidentState): void => {
  if (state.status === 'closed') refuse(`incident ${state.id} is closed`);
};

export function takeCommand(state: IncidentState, { by, via }: Of<'take-command'>): readonly NewEvent[] {
  mustNotBeClosed(state);
  return state.commander === by ? [] : [{ type: 'commander-taken', data: { by, via } }];
}

export function stateImpact(state: IncidentState, { impact, by, via }: Of<'state-impact'>): readonly NewEvent[] {
  if (Object.keys(impact).length === 0) throw new CommandRefused('invalid', 'nothing is stated of the impact');
  const same = Object.entries(impact).every(
    ([name, value]) => JSON.stringify(state.statedImpact[name as keyof typeof impact]) === JSON.stringify(value),
  );
  return same ? [] : [{ type: 'impact-stated', data: { by, via, impact } }];
}

/** Nobody means a moment before that; a wrong year would be in every statistic. */
const A_YEAR_MS = 366 * 86_400_000;

/** Audited: the timeline keeps both. How long it took to detect is judged anew. */
export function correctOnset(
  state: IncidentState,
  { at, by, via, because }: Of<'correct-onset'>,
  context: Context,
): readonly NewEvent[] {
  if (at === state.onset.at) return [];
  if (ms(at) > ms(state.openedAt)) {
    throw new CommandRefused('invalid', `the onset cannot be after the incident was opened (${state.openedAt})`);
  }
  if (ms(at) < ms(state.openedAt) - A_YEAR_MS) {
    throw new CommandRefused('invalid', `${at} is more than a year before the incident was opened (${state.openedAt})`);
  }
  return [
    { type: 'onset-corrected', data: { from: state.onset.at, to: at, by, via, because } },
    ...detectionCorrected(state, at, context),
  ];
}

/** Nobody waits for anything any more. What is no incident of its own breaches nothing. */
const endings = (state: IncidentState, because: string): readonly NewEvent[] =>
  (Object.keys(state.clocks) as ClockName[])
    .filter((clock) => state.clocks[clock]?.state === 'running')
    .map((clock) => ({ type: 'clock-cancelled', data: { clock, because } }));

/**
 * A false alarm: out of the statistics from now on, whatever was counted before. Also when it is closed already. The rule or
 * alert that raised it has to be mended.
 */
export function dismiss(state: IncidentState, command: Of<'dismiss'>, context: Context): readonly NewEvent[] {
  const { by, via, because } = command;
  if (state.dismissed !== null) return [];
  if (state.mergedInto !== null) refuse(`incident ${state.id} is merged into ${state.mergedInto}: dismiss that one`);
  const owner = state.service === null ? null : (context.policy.services[state.service]?.owner ?? null);
  const id = `A${state.actions.length + 1}`;
  const action = `Fix the rule or alert that raised this false alarm (${state.alertNames.slice(0, 5).join(', ')}): ${because}`;
  const ends = state.status !== 'closed';
  const why = `a false alarm: ${because}`;
  return [
    { type: 'incident-dismissed', data: { by, via, because } },
    ...endings(state, 'dismissed as a false alarm'),
    ...(ends ? rollbackOfFalseAlarm(state, { by, via, because: why }, context) : []),
    {
      type: 'action-added',
      data: { id, action, kind: 'technical', owner, dueAt: null, by: 'firebreak', via: 'firebreak' },
    },
  ];
}

/** Nothing more is changed because of it: also a rollback that has begun stops before its next step. */
function rollbackOfFalseAlarm(
  state: IncidentState,
  said: { readonly by: string; readonly via: string; readonly because: string },
  context: Context,
): readonly NewEvent[] {
  if (state.rollback === null || !hasBegun(state.rollback)) return rollbackAtResolve(state, said, context);
  return stopRollback(state, { rail: 'aborted', because: `${said.by} via ${said.via}: ${said.because}` });
}

/** Part of another one, which goes on for both. One that others are part of stays: a chain would hide where they went. */
export function merge(state: IncidentState, command: Of<'merge'>, context: Context): readonly NewEvent[] {
  const { by, via, into, because } = command;
  if (into === state.id) throw new CommandRefused('invalid', 'an incident cannot be merged into itself');
  if (state.mergedInto === into) return [];
  if (state.mergedInto !== null) refuse(`incident ${state.id} is merged into ${state.mergedInto} already`);
  mustNotBeClosed(state);
  if (state.absorbed.length > 0)
    refuse(`${state.absorbed.join(', ')} is merged into ${state.id}: merge ${into} into it`);
  return [
    { type: 'incident-merged', data: { into, by, via, because } },
    ...endings(state, `merged into ${into}`),
    ...rollbackAtResolve(state, { by, via, because: `merged into ${into}` }, context),
  ];
}

/** What is merged must not weigh less for it, not end while it fires, and not fall silent by it. */
export function absorb(state: IncidentState, command: Of<'absorb'>): readonly NewEvent[] {
  const { from, title, service, severity, alertNames, counts, by, via } = command;
  if (from === state.id) throw new CommandRefused('invalid', 'an incident cannot be merged into itself');
  if (state.absorbed.includes(from)) return [];
  mustNotBeClosed(state);
  if (counts.firing > 0) mustBeActive(state);
  if (counts.firing > 0 && command.heard === true && isHeld(state, state.severity)) {
    const why = state.quiet.map(({ because }) => because).join('; ');
    refuse(`messages about ${state.id} are held back (${why}): merge it the other way, or end that first`);
  }
  const own = state.severity ?? 'P3';
  if (severity !== null && isWorse(severity, own)) {
    refuse(`${from} is ${severity} and ${state.id} only ${own}: merge it the other way, or set the severity first`);
  }
  return [{ type: 'incident-absorbed', data: { from, title, service, alertNames, counts, by, via } }];
}

export function link(state: IncidentState, { to, because }: Of<'link'>): readonly NewEvent[] {
  if (state.linkedTo !== null || to === state.id || state.status === 'closed') return [];
  return [{ type: 'incident-linked', data: { to, because } }];
}

/** The other one is over and this one is not: it needs a page of its own. */
export function unlink(state: IncidentState, { because }: Of<'unlink'>): readonly NewEvent[] {
  if (state.linkedTo === null) return [];
  const needsPage = state.severity === 'P0' && wakesAsP0({ ...state, linkedTo: null });
  return [
    { type: 'incident-unlinked', data: { from: state.linkedTo, because } },
    ...(needsPage ? [pageEvent('first-page', because)] : []),
  ];
}

export function noteLink(
  state: IncidentState,
  { from, title, service, because }: Of<'note-link'>,
): readonly NewEvent[] {
  if (state.links.includes(from)) return [];
  return [{ type: 'link-noted', data: { from, title, service, because } }];
}

/** Also of what is resolved: it may come back in that time. */
export function setQuiet(state: IncidentState, { quiet }: Of<'set-quiet'>): readonly NewEvent[] {
  if (state.status === 'closed') return [];
  const known = state.quiet.find(({ kind }) => kind === quiet.kind);
  if (known?.until === quiet.until && known.because === quiet.because) return [];
  return [{ type: 'quieted', data: quiet }];
}

/**
 * What was held back is said now: a P0 that still fires and woke nobody does so, what a routing rule asked for, and a P0 or P1
 * whose time ran out meanwhile.
 */
export function clearQuiet(
  state: IncidentState,
  { of: kind, because }: Of<'clear-quiet'>,
  context: Context,
): readonly NewEvent[] {
  if (!state.quiet.some((quiet) => quiet.kind === kind)) return [];
  const after: IncidentState = { ...state, quiet: state.quiet.filter((quiet) => quiet.kind !== kind) };
  // Somebody is at it already, or it is one of so many that they are listed.
  const waits = state.status === 'open' && kind !== 'storm';
  const asP0 = state.severity === 'P0' && wakesAsP0(after);
  const asRouted =
    state.routing?.page === true &&
    state.page === null &&
    state.linkedTo === null &&
    state.alertCounts.firing > 0 &&
    !holdsPage(after, state.severity, 'routed');
  const late = asP0 ? [] : escalationHeldBack(after, because, context);
  const page = asP0 ? [pageEvent('first-page', because)] : asRouted ? [pageEvent('routed', because)] : [];
  return [{ type: 'unquieted', data: { kind, because } }, ...(waits ? (late.length > 0 ? late : page) : [])];
}
