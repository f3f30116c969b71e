import { ms } from '../time.ts';
import type { Context } from './commands.ts';
import { CommandRefused } from './commands.ts';
import { clocksAtChange, detectionCorrected } from './clocks-at.ts';
import { cancelClock } from './decide-clocks.ts';
import { close } from './decide-lifecycle.ts';
import { rollbackAtResolve } from './decide-recovery.ts';
import type { ClockName, NewEvent } from './events.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { IncidentState } from './state.ts';
import { isActive } from './state.ts';

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

/** Stands whatever the rules say, until it is released. Clocks and pages follow as if the rules had said it. */
export function overrideSeverity(
  state: IncidentState,
  { severity, by, via, because }: Of<'override-severity'>,
  context: Context,
): readonly NewEvent[] {
  mustBeActive(state);
  if (state.override?.severity === severity) return [];
  const said: NewEvent = { type: 'severity-overridden', data: { severity, by, via, because } };
  if (state.severity === severity) return [said];
  const why = `${by}: ${because}`;
  const change: NewEvent = { type: 'severity-changed', data: { from: state.severity, to: severity, because: why } };
  const pages = severity === 'P0' && state.page === null && state.alertCounts.firing > 0 && state.linkedTo === null;
  const page: NewEvent = { type: 'page-requested', data: { reason: 'severity-raised', because: why } };
  return [said, change, ...clocksAtChange(state, severity, context), ...(pages ? [page] : [])];
}

export function releaseSeverity(state: IncidentState, { by, via }: Of<'release-severity'>): readonly NewEvent[] {
  return state.override === null ? [] : [{ type: 'severity-released', data: { by, via } }];
}

export function stateImpact(state: IncidentState, { impact, by, via }: Of<'state-impact'>): readonly NewEvent[] {
  if (Object.keys(impact).length === 0) throw new CommandRefused('invalid', 'nothing is stated of the impact');
  const same = Object.entries(impact).every(
    ([name, value]) => JSON.stringify(state.statedImpact[name as keyof typeof impact]) === JSON.stringify(value),
  );
  return same ? [] : [{ type: 'impact-stated', data: { by, via, impact } }];
}

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
  return [
    { type: 'onset-corrected', data: { from: state.onset.at, to: at, by, via, because } },
    ...detectionCorrected(state, at, context),
  ];
}

/** Like the end of the monitoring window, but said by a person. What must exist before still must. */
export function closeByPerson(state: IncidentState, command: Of<'close'>, context: Context): readonly NewEvent[] {
  if (state.status === 'closed') return [];
  if (state.status !== 'resolved') refuse(`incident ${state.id} is ${state.status}: resolve it first`);
  return close(state, context, `closed by ${command.by}`);
}

/** Everything that still runs ends with it. */
const endings = (state: IncidentState, because: string, context: Context): readonly NewEvent[] =>
  (Object.keys(state.clocks) as ClockName[]).flatMap((clock) => cancelClock(state, clock, because, context.now));

export function dismiss(state: IncidentState, command: Of<'dismiss'>, context: Context): readonly NewEvent[] {
  const { by, via, because } = command;
  if (state.dismissed !== null) return [];
  mustNotBeClosed(state);
  const owner = state.service === null ? null : (context.policy.services[state.service]?.owner ?? null);
  const id = `A${state.actions.length + 1}`;
  const action = `Fix the rule or alert that raised this false alarm (${state.alertNames.slice(0, 5).join(', ')}): ${because}`;
  return [
    ...endings(state, 'dismissed as a false alarm', context),
    ...rollbackAtResolve(state, { by, via, because: `a false alarm: ${because}` }, context),
    { type: 'incident-dismissed', data: { by, via, because } },
    {
      type: 'action-added',
      data: { id, action, kind: 'technical', owner, dueAt: null, by: 'firebreak', via: 'firebreak' },
    },
  ];
}

export function merge(state: IncidentState, command: Of<'merge'>, context: Context): readonly NewEvent[] {
  const { by, via, into, because } = command;
  if (into === state.id) throw new CommandRefused('invalid', 'an incident cannot be merged into itself');
  if (state.mergedInto === into) return [];
  mustNotBeClosed(state);
  return [
    ...endings(state, `merged into ${into}`, context),
    ...rollbackAtResolve(state, { by, via, because: `merged into ${into}` }, context),
    { type: 'incident-merged', data: { into, by, via, because } },
  ];
}

export function absorb(state: IncidentState, command: Of<'absorb'>): readonly NewEvent[] {
  const { from, title, service, alertNames, counts, by, via } = command;
  if (state.absorbed.includes(from)) return [];
  mustNotBeClosed(state);
  if (state.mergedInto !== null) refuse(`incident ${state.id} is itself merged into ${state.mergedInto}`);
  return [{ type: 'incident-absorbed', data: { from, title, service, alertNames, counts, by, via } }];
}

export function link(state: IncidentState, { to, because }: Of<'link'>): readonly NewEvent[] {
  if (state.linkedTo !== null || to === state.id) return [];
  return [{ type: 'incident-linked', data: { to, because } }];
}

/** The other one is over and this one is not: it needs a page of its own. */
export function unlink(state: IncidentState, { because }: Of<'unlink'>): readonly NewEvent[] {
  if (state.linkedTo === null) return [];
  const needsPage =
    isActive(state.status) && state.status !== 'mitigated' && state.severity === 'P0' && state.page === null;
  const page: NewEvent = { type: 'page-requested', data: { reason: 'first-page', because } };
  return [{ type: 'incident-unlinked', data: { from: state.linkedTo, because } }, ...(needsPage ? [page] : [])];
}

export function noteLink(
  state: IncidentState,
  { from, title, service, because }: Of<'note-link'>,
): readonly NewEvent[] {
  if (state.links.includes(from)) return [];
  return [{ type: 'link-noted', data: { from, title, service, because } }];
}

export function setQuiet(state: IncidentState, { quiet }: Of<'set-quiet'>): readonly NewEvent[] {
  if (!isActive(state.status)) return [];
  const known = state.quiet.find(({ kind }) => kind === quiet.kind);
  if (known?.until === quiet.until && known.because === quiet.because) return [];
  return [{ type: 'quieted', data: quiet }];
}

/** What was held back is said now: a P0 that still fires and woke nobody does so. */
export function clearQuiet(state: IncidentState, { of: kind, because }: Of<'clear-quiet'>): readonly NewEvent[] {
  if (!state.quiet.some((quiet) => quiet.kind === kind)) return [];
  const others = state.quiet.some((quiet) => quiet.kind !== kind);
  const isBad = state.status === 'open' && state.severity === 'P0' && state.alertCounts.firing > 0;
  const wakes = !others && isBad && state.page === null && state.linkedTo === null;
  const page: NewEvent = { type: 'page-requested', data: { reason: 'first-page', because } };
  return [{ type: 'unquieted', data: { kind, because } }, ...(wakes ? [page] : [])];
}
