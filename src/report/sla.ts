import type { ClockName, IncidentEvent } from '../domain/incident/events.ts';
import { lengthOf } from '../domain/length.ts';
import type { Instant } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import type { SlaResult } from './model.ts';

const CLOCKS: readonly ClockName[] = ['detect', 'acknowledge', 'restore', 'diagnose', 'update'];

/** How every run of every clock came out, in the order of the clocks. A clock that never ran is said not to have run. */
export const slaOf = (file: CaseFile): readonly SlaResult[] => CLOCKS.flatMap((clock) => runsOf(file, clock));

type Ended = EventOf<'clock-met'> | EventOf<'clock-breached'> | EventOf<'clock-cancelled'>;

interface Run {
  readonly started: EventOf<'clock-started'>;
  readonly ended: Ended | null;
}

function runsOf(file: CaseFile, clock: ClockName): readonly SlaResult[] {
  const runs: Run[] = [];
  for (const event of file.events) {
    if (event.type === 'clock-started' && event.data.clock === clock) runs.push({ started: event, ended: null });
    const last = runs.at(-1);
    if (isEnd(event) && event.data.clock === clock && last?.ended === null) {
      runs[runs.length - 1] = { ...last, ended: event };
    }
  }
  if (runs.length === 0) return [neverRan(clock)];
  return runs.map((run, i) => resultOf(file, clock, run, runs[i + 1] ?? null));
}

const isEnd = (event: IncidentEvent): event is Ended =>
  event.type === 'clock-met' || event.type === 'clock-breached' || event.type === 'clock-cancelled';

const neverRan = (clock: ClockName): SlaResult => ({
  clock,
  result: 'did not run',
  startedAt: null,
  deadline: null,
  endedAt: null,
  marginSeconds: null,
  judgedAnew: false,
  because: null,
  events: [],
});

function resultOf(file: CaseFile, clock: ClockName, { started, ended }: Run, next: Run | null): SlaResult {
  const { startedAt, deadline } = started.data;
  const happened = ended?.type === 'clock-breached' ? whatEnded(file, clock, started, next) : null;
  const endedAt = ended?.type === 'clock-met' ? iso(ms(startedAt) + ended.data.seconds * 1000) : (happened?.at ?? null);
  const because = ended?.type === 'clock-cancelled' ? ended.data.because : null;
  return {
    clock,
    result: ended === null ? 'running' : RESULT[ended.type],
    startedAt,
    deadline,
    endedAt,
    marginSeconds: endedAt === null ? null : (ms(deadline) - ms(endedAt)) / 1000,
    // What was judged and not called off, and then judged once more: the onset was corrected.
    judgedAnew: clock === 'detect' && next !== null,
    because,
    events: [started, ended, happened?.event ?? null].flatMap((event) => (event === null ? [] : [event.seq])),
  };
}

const RESULT = { 'clock-met': 'met', 'clock-breached': 'breached', 'clock-cancelled': 'cancelled' } as const;

interface Happened {
  readonly at: Instant;
  readonly event: IncidentEvent;
}

/** What a breached clock had waited for, where it came in the end: before the clock was started again. */
function whatEnded(
  file: CaseFile,
  clock: ClockName,
  started: EventOf<'clock-started'>,
  next: Run | null,
): Happened | null {
  const until = next?.started.seq ?? Infinity;
  const event = file.events.find((each) => each.seq > started.seq && each.seq < until && WAITED_FOR[clock](each));
  if (clock === 'detect') return { at: file.opened.at, event: file.opened };
  if (event === undefined) return null;
  return { at: event.type === 'incident-mitigated' ? (event.data.at ?? event.at) : event.at, event };
}

const WAITED_FOR: Readonly<Record<ClockName, (event: IncidentEvent) => boolean>> = {
  detect: () => false,
  acknowledge: ({ type }) => type === 'incident-acknowledged',
  restore: ({ type }) => type === 'incident-mitigated' || type === 'incident-resolved',
  diagnose: ({ type }) => type === 'root-cause-recorded',
  update: ({ type }) => type === 'status-updated',
};

/** `12 min 3 s before the deadline`, `breached by 1 min`; a breach whose end is not known stays open. */
export function marginText({ result, marginSeconds, because, judgedAnew }: SlaResult): string {
  const anew = judgedAnew ? '; judged anew later' : '';
  switch (result) {
    case 'met':
      return marginSeconds === null ? 'unknown' : `${lengthOf(Math.max(0, marginSeconds))} before the deadline${anew}`;
    case 'breached':
      return (marginSeconds === null ? 'breached; by how much is unknown' : breachText(marginSeconds)) + anew;
    case 'cancelled':
      return because ?? 'unknown';
    case 'running':
      return 'not over';
    case 'did not run':
      return 'none';
  }
}

/** `breached by 1 min`. What came in time all the same was noticed late. */
export const breachText = (marginSeconds: number): string => `breached by ${lengthOf(Math.max(0, -marginSeconds))}`;

/** The breaches that stand. */
export const breachesOf = (sla: readonly SlaResult[]): readonly SlaResult[] =>
  sla.filter(({ result, judgedAnew }) => result === 'breached' && !judgedAnew);
