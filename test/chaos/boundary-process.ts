import pg from 'pg';
import { createActions } from '../../src/app/actions.ts';
import { version } from '../../src/app/version.ts';
import { processIo, runCli } from '../../src/cli/index.ts';
import { labelled, READ_EVENTS, type EventRow } from './boundary-events.ts';
import { CLOCK_VARIABLE, fastClock, KILL_VARIABLE, type Boundary } from './boundary.ts';

/**
 * Firebreak as main.ts starts it, but for its clock and for one thing: it kills itself with SIGKILL at a boundary of the
 * timeline. Nothing can be more exact than the process itself: a signal that is sent from outside arrives a moment later.
 * `kill` on oneself does not return, so not one statement more is carried out, here or on another connection.
 */
stretchBudgets();
const boundary = JSON.parse(process.env[KILL_VARIABLE] ?? 'null') as Boundary | null;
if (boundary !== null) killAt(boundary);

const stop = new AbortController();
process.on('SIGTERM', () => {
  stop.abort(new Error('stopped by SIGTERM'));
});

const io = processIo(process);
const actions = createActions({
  env: process.env,
  cwd: process.cwd(),
  now: fastClock(process.env[CLOCK_VARIABLE] ?? ''),
  say: (line) => {
    io.out(`${line}\n`);
  },
  signal: stop.signal,
});
process.exitCode = await runCli(['serve'], { io, actions, version: version() });

/**
 * How long an answer is waited for is real time, which the fast clock does not make shorter, and several runs share one
 * machine: a busy one must not look like a Prometheus or a cluster that does not answer. That is another test's matter.
 */
function stretchBudgets(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => timeout(ms * 20);
}

type Query = (this: pg.Client, ...args: unknown[]) => Promise<pg.QueryResult<EventRow>>;

/**
 * Every statement goes through the driver's `query`. Of a connection that has written events the COMMIT is held while the
 * same transaction is asked which events it is about to commit; so the boundary is where the store has it, whatever the
 * program believes.
 *
 * `before`: the process dies instead of sending the COMMIT. The server sees the connection end and rolls back, while what
 * was done outside, which this event was to report, stays done.
 * `after`: it dies in the turn in which the server's answer to the COMMIT is read, before anybody who waits for it goes on.
 */
function killAt({ moment, event }: Boundary): void {
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  const writing = new WeakSet<pg.Client>();
  const commit = async (client: pg.Client, args: unknown[]): Promise<pg.QueryResult<EventRow>> => {
    const { rows } = await query.call(client, READ_EVENTS);
    const reached = labelled(rows).some(({ label }) => label === event);
    if (reached && moment === 'before') process.kill(process.pid, 'SIGKILL');
    const result = await query.apply(client, args);
    if (reached) process.kill(process.pid, 'SIGKILL');
    return result;
  };
  prototype.query = function (...args) {
    const [text] = args;
    if (typeof text !== 'string') return query.apply(this, args);
    if (text.includes('insert into incident_events')) writing.add(this);
    if (text === 'rollback') writing.delete(this);
    return text === 'commit' && writing.delete(this) ? commit(this, args) : query.apply(this, args);
  };
}
