import fc from 'fast-check';
import type { Core } from '../harness/core.ts';
import { CORE_START, raw, startCore } from '../harness/core.ts';

/*
 * "Any order and duplication of deliveries gives the same incidents", on the real store. What it can mean: the store
 * merges the same words to the same alerts in any order (looked at once, at the end, the incidents are the same); a
 * duplicate changes nothing, whenever it comes and whatever was looked at in between; and the order of what comes between
 * two looks does not matter. It cannot mean that *when* we look makes no difference: see the last test.
 */

let core: Core;
beforeAll(async () => {
  core = await startCore();
});
afterAll(() => core.close());

interface Definition {
  readonly name: string;
  readonly service: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly occurrences: number;
  readonly stillFires: boolean;
}

/** One thing that Alertmanager says of one alert. */
interface Word {
  readonly name: string;
  readonly service: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: number;
  readonly endsAt?: number;
}

const definition: fc.Arbitrary<Definition> = fc.record({
  name: fc.constantFrom('A', 'B', 'C'),
  service: fc.constantFrom('checkout', 'search', null),
  labels: fc.record(
    {
      replica: fc.constantFrom('a', 'b'),
      pod: fc.constantFrom('1', '2'),
      severity: fc.constantFrom('critical', 'warning'),
    },
    { requiredKeys: ['severity'] },
  ),
  occurrences: fc.integer({ min: 1, max: 2 }),
  stillFires: fc.boolean(),
});

const definitions = fc.uniqueArray(definition, {
  minLength: 1,
  maxLength: 4,
  selector: ({ name, service, labels }) => JSON.stringify([name, service, labels]),
});

/** Each alert begins at a time of its own: which of two that begin together is named first rests on their fingerprints. */
function wordsOf({ name, service, labels, occurrences, stillFires }: Definition): readonly Word[] {
  const text = [name, service, labels['replica'], labels['pod'], labels['severity']].map(String).join('');
  const offset = Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) % 99_991, 7);
  const words = Array.from({ length: occurrences }, (_, i): readonly Word[] => {
    const startsAt = CORE_START - 3_600_000 + i * 600_000 + offset;
    const firing = { name, service, labels, startsAt };
    return [firing, { ...firing, endsAt: startsAt + 300_000 }];
  }).flat();
  return stillFires ? words.slice(0, -1) : words;
}

type Action = Word | 'look';
let runs = 0;

/** Plays a schedule in an environment of its own and says which incidents came of it. */
async function incidentsOf(actions: readonly Action[]): Promise<readonly string[]> {
  runs += 1;
  const environment = `run-${runs}`;
  core.clock.at = CORE_START + runs * 600_000;
  for (const action of actions) {
    if (action === 'look') {
      core.clock.at += 1_000;
      await core.look();
      continue;
    }
    const { name, service, labels, startsAt, endsAt } = action;
    const shifted = endsAt === undefined ? { startsAt } : { startsAt, endsAt };
    await core.deliver(raw(name, { service, labels: { ...labels, env: environment }, ...shifted }));
  }
  await core.settle();
  return (await core.incidents())
    .filter((incident) => incident.environment === environment)
    .map(({ correlationKey, alertNames, status }) =>
      JSON.stringify([correlationKey.replace(environment, ''), [...alertNames].sort(), status]),
    )
    .sort();
}

const settings = { seed: 20_261_123, numRuns: 15 };
const shuffled = <T>(items: readonly T[]): fc.Arbitrary<readonly T[]> =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
const withDuplicates = (words: readonly Word[]): fc.Arbitrary<readonly Word[]> =>
  fc.subarray([...words]).chain((again) => shuffled([...words, ...again]));

test('any order and duplication, looked at once: the same incidents as the history itself', async () => {
  const cases = definitions.chain((all) => {
    const words = all.flatMap(wordsOf);
    return fc.tuple(fc.constant(words), withDuplicates(words));
  });
  await fc.assert(
    fc.asyncProperty(cases, async ([words, delivered]) => {
      expect(await incidentsOf(delivered)).toEqual(await incidentsOf(words));
    }),
    settings,
  );
});

/** Words in any order with looks in between. */
const schedule = definitions.chain((all) =>
  shuffled([...all.flatMap(wordsOf), ...Array<'look'>(4).fill('look')] as readonly Action[]),
);

test('a duplicate changes nothing, whenever it comes and whatever was looked at in between', async () => {
  const cases = schedule.chain((actions) =>
    fc.tuple(fc.constant(actions), fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 })),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([actions, duplicates]) => {
      let doubled = [...actions];
      for (const [which, later] of duplicates) {
        const at = which % doubled.length;
        const where = at + 1 + (later % (doubled.length - at));
        if (doubled[at] !== 'look') doubled = [...doubled.slice(0, where), doubled[at]!, ...doubled.slice(where)];
      }
      expect(await incidentsOf(doubled)).toEqual(await incidentsOf(actions));
    }),
    settings,
  );
});

test('the order of what comes between two looks does not matter', async () => {
  const cases = fc.array(definitions, { minLength: 2, maxLength: 2 }).chain(([first, second]) => {
    const early = first!.flatMap(wordsOf);
    const late = second!.flatMap(wordsOf);
    return fc.tuple(fc.constant([early, late] as const), fc.tuple(shuffled(early), shuffled(late)));
  });
  await fc.assert(
    fc.asyncProperty(cases, async ([given, mixed]) => {
      const [inOrder, inAnyOrder] = [given, mixed].map(([a, b]) => [...a, 'look' as const, ...b]);
      expect(await incidentsOf(inAnyOrder!)).toEqual(await incidentsOf(inOrder!));
    }),
    settings,
  );
});

test('in any order, with looks anywhere: no alert is lost, and what is open is what fires', async () => {
  const cases = definitions.chain((all) =>
    fc.tuple(
      fc.constant(all),
      withDuplicates(all.flatMap(wordsOf)).chain((words) =>
        shuffled([...words, ...Array<'look'>(4).fill('look')] as readonly Action[]),
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([all, actions]) => {
      const found = (await incidentsOf(actions)).map((text) => JSON.parse(text) as [string, string[], string]);
      const keyOf = ({ service, name }: Definition) =>
        JSON.stringify(service === null ? [null, '', { alertname: name }] : [service, '']);
      for (const key of new Set(all.map(keyOf))) {
        const alerts = all.filter((each) => keyOf(each) === key);
        const incidents = found.filter(([of]) => of === key);
        const names = new Set(incidents.flatMap(([, each]) => each));
        expect([...names].sort()).toEqual([...new Set(alerts.map((each) => each.name))].sort());
        const open = incidents.filter(([, , status]) => status === 'open');
        expect(open).toHaveLength(alerts.some((each) => each.stillFires) ? 1 : 0);
        expect(incidents.filter(([, , status]) => status !== 'resolved').length).toBeLessThanOrEqual(1);
      }
      expect(found).toHaveLength(found.filter(([key]) => all.some((each) => keyOf(each) === key)).length);
    }),
    { ...settings, numRuns: 40 },
  );
});

test('when we look does make a difference: what was over before another alert began is an incident of its own', async () => {
  const alert = (name: string, end?: number): Word => ({
    name,
    service: 'checkout',
    labels: {},
    startsAt: CORE_START - 60_000,
    ...(end === undefined ? {} : { endsAt: end }),
  });
  const [a, over, b] = [alert('A'), alert('A', CORE_START), alert('B')];
  expect(await incidentsOf([a, over, b])).toEqual(['["[\\"checkout\\",\\"\\"]",["A","B"],"open"]']);
  expect(await incidentsOf([a, over, 'look', b])).toEqual([
    '["[\\"checkout\\",\\"\\"]",["A"],"resolved"]',
    '["[\\"checkout\\",\\"\\"]",["B"],"open"]',
  ]);
});
