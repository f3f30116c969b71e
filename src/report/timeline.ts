import { describeEvent } from '../domain/incident/describe.ts';
import type { EventType, IncidentEvent } from '../domain/incident/events.ts';
import { lengthOf } from '../domain/length.ts';
import type { Instant } from '../domain/time.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import { isOf } from './case-file.ts';
import { between } from './figures.ts';
import { readable, timeOfDay } from './moments.ts';
import { attemptsOf, eventsOf, movesOf } from './rollbacks.ts';
import { words } from './wording.ts';

/** A key event: when it was so, what happened, and what was done about it or because of it. */
export interface KeyEvent {
  readonly at: Instant;
  readonly event: string;
  readonly action: string;
  readonly proofs: readonly IncidentEvent[];
}

/**
 * The key events of an incident in order of time. Samples, clocks that run, messages and evidence are in the full
 * timeline and not here. What was committed together with a key event is told in its row.
 */
export function keyEventsOf(file: CaseFile): readonly KeyEvent[] {
  const made = new Map(file.events.map((event) => [event, rowOf(file, event)]));
  const rows = file.events.flatMap((event) => {
    const row = made.get(event) ?? null;
    const others = file.together(event).filter((other) => other !== event);
    const isTold = others.some((other) => made.get(other) != null && tells(other, event));
    if (row === null || isTold) return [];
    return [withCompanions(row, companionsOf(file, event, others))];
  });
  return rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => (a.row.at === b.row.at ? a.i - b.i : a.row.at < b.row.at ? -1 : 1))
    .map(({ row }) => row);
}

type Rows = { readonly [T in EventType]?: (event: EventOf<T>, file: CaseFile) => KeyEvent | null };

/** What else happened in the moment of a key event, of these types; it needs no row of its own. */
const COMPANIONS: Readonly<Partial<Record<EventType, readonly EventType[]>>> = {
  'incident-opened': ['rollback-decided', 'page-requested', 'clock-breached'],
  'severity-changed': ['rollback-decided', 'page-requested'],
  'incident-mitigated': ['rollback-verdict', 'incident-resolved'],
  'fix-recorded': ['incident-resolved'],
  'incident-resolved': ['rollback-verdict'],
  'incident-reopened': ['page-requested'],
  'incident-acknowledged': ['commander-taken'],
  'rollback-stopped': ['page-requested', 'rollback-verdict'],
  'rollback-verdict': ['page-requested'],
  'rollback-reverted': ['page-requested'],
};

/** Each row is typed by its own event in the table; here only the pairing is generic. */
function rowOf(file: CaseFile, event: IncidentEvent): KeyEvent | null {
  const make = ROWS[event.type] as ((each: IncidentEvent, file_: CaseFile) => KeyEvent | null) | undefined;
  return make?.(event, file) ?? null;
}

const tells = (event: IncidentEvent, other: IncidentEvent): boolean =>
  COMPANIONS[event.type]?.includes(other.type) === true;

const companionsOf = (file: CaseFile, event: IncidentEvent, others: readonly IncidentEvent[]): readonly KeyEvent[] =>
  others.flatMap((other) => {
    if (!tells(event, other)) return [];
    if (other.type === 'rollback-decided') return [decision(other, file)];
    // It was restored because of what the verdict says.
    if (other.type === 'rollback-verdict') return [{ ...plainRow(other), event: `Verdict: ${other.data.verdict}` }];
    return [plainRow(other)];
  });

function withCompanions(row: KeyEvent, told: readonly KeyEvent[]): KeyEvent {
  const texts = [row.action, ...told.flatMap(({ event, action }) => [event, action])].filter((text) => text !== '');
  return { ...row, action: texts.join('. '), proofs: [...row.proofs, ...told.flatMap(({ proofs }) => proofs)] };
}

const plainRow = (event: IncidentEvent, action = ''): KeyEvent => ({
  at: event.at,
  event: describeEvent(event),
  action,
  proofs: [event],
});

const KEY_STAGES: Readonly<Record<string, string>> = {
  tested: 'Fix tested',
  deployed: 'Fix deployed',
  validated: 'Fix validated',
  unnecessary: 'No fix needed',
};

const ROWS: Rows = {
  'incident-opened': (event, file) => opening(event, file),
  'incident-acknowledged': (event, file) => ({
    at: event.at,
    event: `Confirmed: acknowledged by ${event.data.by} via ${event.data.via}`,
    action: file.state.commander === event.data.by ? `${event.data.by} is the incident manager` : '',
    proofs: [event],
  }),
  'commander-taken': (event) => plainRow(event),
  'severity-changed': (event) => (event.data.from === null ? null : plainRow(event)),
  'rollback-decided': (event, file) => decision(event, file),
  'fix-declared': (event) => plainRow(event),
  'rollback-requested': (event) => (event.data.by === 'rules' ? null : plainRow(event)),
  'rollback-awaits-approval': (event) => plainRow(event),
  'rollback-shadowed': (event) => plainRow(event),
  'rollback-started': (event, file) => start(event, file),
  'rollback-validating': (event, file) => end(event, file),
  'rollback-stopped': (event) => plainRow(event),
  'rollback-verdict': (event) => plainRow(event),
  'rollback-reverted': (event) => plainRow(event),
  'incident-mitigated': (event) => restoration(event),
  'incident-resolved': (event) => plainRow(event),
  'incident-reopened': (event) => plainRow(event),
  'incident-dismissed': (event) => plainRow(event),
  'incident-merged': (event) => plainRow(event),
  'incident-absorbed': (event) => plainRow(event),
  'incident-linked': (event) => plainRow(event),
  'link-noted': (event) => plainRow(event),
  'page-requested': (event) => plainRow(event),
  'page-unaccepted': (event) => plainRow(event),
  'clock-breached': (event) => plainRow(event),
  'status-updated': (event) =>
    event.data.by === null
      ? null
      : { ...plainRow(event), event: 'Status update', action: `${event.data.by}: ${event.data.text}` },
  'note-added': (event) => plainRow(event),
  'blocker-added': (event) => plainRow(event),
  'change-noticed': (event) => (event.data.beforeRestoration ? plainRow(event) : null),
  'root-cause-recorded': (event, file) => hypothesis(event, file),
  'fix-recorded': (event) => fix(event),
  quieted: (event) => plainRow(event),
  unquieted: (event) => plainRow(event),
};

function opening(event: EventOf<'incident-opened'>, file: CaseFile): KeyEvent {
  const together = file.together(event);
  const joined = together.find(isOf('alerts-joined')) ?? null;
  const severity = together.find(isOf('severity-changed')) ?? null;
  const action = [
    `Incident opened${severity === null ? '' : ` as ${severity.data.to}: ${severity.data.because}`}`,
    ...(joined === null ? [] : [`Raised by ${joined.data.names.join(', ')}`]),
  ];
  return {
    at: event.at,
    event: `Detected: ${event.data.title}`,
    action: action.join('. '),
    proofs: eventsOf(event, joined, severity),
  };
}

/** A decision with what it led to next: the announcement, the wait for approval or the shadow. */
function decision(event: EventOf<'rollback-decided'>, file: CaseFile): KeyEvent {
  const attempt = attemptsOf(file).find(
    ({ requested }) => requested.data.by === 'rules' && requested.seq > event.seq && requested.at === event.at,
  );
  const announced = attempt?.announced ?? null;
  const users = event.data.facts['usersAffectedPercent'];
  const share = typeof users === 'number' ? ` (${users} % of users affected)` : '';
  return {
    at: event.at,
    event: `Decision: ${event.data.action.replace('-', ' ')}${share}`,
    action:
      announced === null
        ? event.data.because
        : `${event.data.because}. Announced at ${timeOfDay(announced.at)}: ${announced.data.summary}`,
    proofs: eventsOf(event, announced),
  };
}

function start(event: EventOf<'rollback-started'>, file: CaseFile): KeyEvent {
  const attempt = attemptsOf(file).find(({ started }) => started === event);
  const approved = attempt?.approved ?? null;
  const moves = attempt === undefined ? null : movesOf(attempt);
  const by = approved === null ? '' : `. Approved by ${approved.data.by} via ${approved.data.via}`;
  const what = attempt?.requested.data.purpose === 'undo' ? 'Undo of the rollback started' : 'Rollback started';
  const proofs = eventsOf(event, attempt?.planned ?? null, approved);
  return { at: event.at, event: what, action: `${moves ?? 'unknown'}${by}`, proofs };
}

function end(event: EventOf<'rollback-validating'>, file: CaseFile): KeyEvent {
  const attempt = attemptsOf(file).find(({ validating }) => validating === event);
  const started = attempt?.started ?? null;
  const took = started === null ? '' : ` in ${lengthOf(between(started.at, event.at))}`;
  const what = attempt?.requested.data.purpose === 'undo' ? 'Undo of the rollback' : 'Rollback';
  return {
    at: event.at,
    event: `${what} complete`,
    action: `Every step done${took}; the recovery is measured`,
    proofs: eventsOf(event, started),
  };
}

/** When the service was restored, which may be earlier than it could be known. */
const restoration = (event: EventOf<'incident-mitigated'>): KeyEvent => ({
  at: event.data.at ?? event.at,
  event: 'Service restored',
  action: readable(event.data.because),
  proofs: [event],
});

function hypothesis(event: EventOf<'root-cause-recorded'>, file: CaseFile): KeyEvent {
  const judged = file.all('root-cause-judged').findLast(({ data }) => data.id === event.data.id) ?? null;
  const { category, summary, by } = event.data;
  const outcome =
    judged === null ? 'not confirmed yet' : `${judged.data.state} by ${judged.data.by} at ${timeOfDay(judged.at)}`;
  return {
    at: event.at,
    event: `Root cause ${judged?.data.state === 'refuted' ? 'suspected' : 'found'} (${words(category)}): ${summary}`,
    action: `Recorded by ${by}; ${outcome}`,
    proofs: eventsOf(event, judged),
  };
}

function fix(event: EventOf<'fix-recorded'>): KeyEvent | null {
  const { stage, at, version, text, by } = event.data;
  const title = KEY_STAGES[stage];
  if (title === undefined) return null;
  const named = version === null ? title : `${title}: ${version}`;
  return { at, event: named, action: text === null ? `Told by ${by}` : `${text} (told by ${by})`, proofs: [event] };
}
