import { removeDirectory, temporaryDirectory } from '../harness/firebreak.ts';
import type { Boundary } from './boundary.ts';
import { faultsOf } from './boundary-compare.ts';
import type { BoundaryEvent } from './boundary-events.ts';
import { makeMould } from './boundary-database.ts';
import { live, type Ending, type Workshop } from './boundary-run.ts';
import { table } from './table.ts';

/** Runs spend most of their time waiting, and a start keeps a core busy for a second. */
const AT_ONCE = 3;
/** CHAOS_BOUNDARY repeats the two runs of one event: `rollback-step-accepted web`. */
const ONLY = process.env['CHAOS_BOUNDARY'];

let workshop: Workshop;

beforeAll(async () => {
  workshop = { mould: await makeMould(), compileCache: await temporaryDirectory() };
});

afterAll(async () => {
  await workshop.mould.drop();
  await removeDirectory(workshop.compileCache);
});

/**
 * Events that one transaction writes appear together, so between two of them there is no moment at which a process could
 * die: the boundaries of all events are those of the commits that hold them. Each is killed at twice, as there are two sides
 * to it: what the event tells of has happened and is not recorded, and it is recorded and nobody has acted on it.
 */
function boundariesOf(events: readonly BoundaryEvent[]): readonly Boundary[] {
  const last = new Map(events.map(({ commit, label }) => [commit, label]));
  return [...last.values()].flatMap((event) => [
    { moment: 'before' as const, event },
    { moment: 'after' as const, event },
  ]);
}

interface Killed {
  readonly boundary: Boundary;
  readonly ending: Ending | null;
  readonly faults: readonly string[];
}

async function killAt(boundary: Boundary, undisturbed: Ending): Promise<Killed> {
  const name = `${boundary.moment} ${boundary.event}`;
  try {
    const ending = await live(boundary, workshop);
    const faults = faultsOf(boundary, undisturbed, ending).map((fault) => `${name}: ${fault}`);
    return { boundary, ending, faults };
  } catch (error) {
    return { boundary, ending: null, faults: [`${name}: ${String(error)}`] };
  }
}

async function killAtEach(boundaries: readonly Boundary[], undisturbed: Ending): Promise<readonly Killed[]> {
  const waiting = [...boundaries];
  const killed: Killed[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      killed.push(await killAt(next, undisturbed));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return killed;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

function print(killed: readonly Killed[], undisturbed: Ending, boundaries: readonly Boundary[]): void {
  const endings = killed.flatMap(({ ending }) => ending ?? []);
  const died = killed.filter(({ ending }) => ending !== null);
  const of = (moment: Boundary['moment']): number => died.filter(({ boundary }) => boundary.moment === moment).length;
  const title = `killed at ${died.length} boundaries (${of('before')} before the commit, ${of('after')} after it)`;
  process.stdout.write(
    table(title, {
      'events of the undisturbed run': undisturbed.events.length,
      'commits that hold them': boundaries.length / 2,
      'runs that ended as the undisturbed one': killed.filter(({ faults }) => faults.length === 0).length,
      'targets rolled back in all runs': endings.length * Object.keys(undisturbed.patches).length,
      'effective PATCHes in all runs': sum(endings.flatMap(({ patches }) => Object.values(patches))),
      'pages triggered again and folded': sum(
        endings.flatMap(({ pages }) => pages.map(({ triggers }) => triggers - 1)),
      ),
      'median seconds a run': endings.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[endings.length >> 1] ?? 0,
    }),
  );
}

test('killed at every boundary of its events, a rollback of three steps ends as if nothing had happened', async () => {
  const undisturbed = await live(null, workshop);
  expect(faultsOf(null, undisturbed, undisturbed)).toEqual([]);
  expect(undisturbed.incidents).toMatchObject([{ severity: 'P0', rollback: { verdict: 'recovered' } }]);
  expect(undisturbed.events.filter(({ type }) => type === 'rollback-step-finished')).toHaveLength(3);

  const boundaries = boundariesOf(undisturbed.events).filter(({ event }) => (ONLY ?? event) === event);
  const killed = await killAtEach(boundaries, undisturbed);

  print(killed, undisturbed, boundaries);
  expect(killed.flatMap(({ faults }) => faults)).toEqual([]);
  expect(killed).toHaveLength(boundaries.length);
}, 1_800_000);
