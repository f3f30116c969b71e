import fc from 'fast-check';
import type { Change } from '../../src/domain/change.ts';
import type { Answer, ChangeQuestion, Dependency, Suspect, TestName } from '../../src/domain/suspect.ts';
import { analyseChanges, suspectFact } from '../../src/domain/suspect.ts';
import { iso } from '../../src/domain/time.ts';
import { HOUR, MINUTE, NOON, plannedStep } from './support/incident.ts';

const change = (id: string, startedAt: number, changes: Partial<Change> = {}): Change => ({
  id,
  service: 'checkout',
  environment: 'production',
  kind: 'deployment',
  version: 'r42',
  previousVersion: 'r41',
  startedAt: iso(startedAt),
  finishedAt: null,
  by: null,
  url: null,
  evidence: {},
  ...changes,
});

const runs = (since: number | null, version = 'r42', service = 'checkout'): ChangeQuestion['targets'][number] => {
  const { target } = plannedStep(service);
  return {
    service,
    name: service,
    target: { ...target, from: { ...target.from, version, since: since === null ? null : iso(since) } },
  };
};

const dependency = (service: string, answer: Answer, changes: Partial<Dependency> = {}): Dependency => ({
  service,
  suffers: { answer, because: `${service}: ${answer}` },
  explains: true,
  beganAt: null,
  ...changes,
});

const ask = (question: Partial<ChangeQuestion>) =>
  analyseChanges({
    service: 'checkout',
    environment: 'production',
    onsetAt: NOON,
    windowSeconds: 3600,
    changes: [],
    targets: [],
    dependencies: [],
    symptoms: { growth: null, stillAsked: { answer: 'yes', because: 'it is asked as ever' } },
    onlyNewFails: { checkout: { answer: 'unknown', because: 'only one version serves' } },
    ...question,
  });
const onlyNewFails = (answer: Answer, service = 'checkout') => ({
  onlyNewFails: { [service]: { answer, because: `only the new: ${answer}` } },
});
const answerOf = (suspect: Suspect | null, name: TestName) => suspect?.tests.find((test) => test.name === name)?.answer;
const deployed = change('deploy-42', NOON - 10 * MINUTE);
const ofDatabase = change('db-7', NOON - 20 * MINUTE, { service: 'database', version: 'v7', previousVersion: 'v6' });

describe('when it began', () => {
  test('the newest change before the onset is suspected, with its age and how long it ran well', () => {
    const finishedAt = iso(NOON - 8 * MINUTE);
    const { suspect, rivals } = ask({
      changes: [change('old', NOON - 50 * MINUTE), change('new', NOON - 10 * MINUTE, { finishedAt })],
    });
    expect(suspect).toEqual({
      kind: 'deployment',
      id: 'new',
      service: 'checkout',
      version: 'r42',
      previousVersion: 'r41',
      startedAt: iso(NOON - 10 * MINUTE),
      source: 'change-feed',
      undoable: true,
      ageSeconds: 600,
      quietSeconds: 480,
      own: true,
      tests: [
        { name: 'began-before-onset', answer: 'yes', because: 'it began 10 min before the onset' },
        { name: 'only-new-version-fails', answer: 'unknown', because: 'only one version serves' },
        { name: 'dependencies-are-well', answer: 'yes', because: 'nothing that it depends on is in trouble' },
        { name: 'still-asked', answer: 'yes', because: 'it is asked as ever' },
      ],
    });
    expect(rivals).toEqual([]);
  });

  test.each([
    ['a moment after it', 1, null],
    ['with it', 0, 0],
    ['an hour before', -HOUR, 3600],
  ] as const)('%s', (_when, startedAt, age) => {
    expect(ask({ changes: [change('x', NOON + startedAt)] }).suspect?.ageSeconds ?? null).toBe(age);
  });

  test('longer before than the window acquits it, with the reason', () => {
    const { suspect, acquitted } = ask({ changes: [change('x', NOON - HOUR - MINUTE)] });
    expect(suspect).toBeNull();
    expect(acquitted).toEqual([
      { id: 'x', kind: 'deployment', service: 'checkout', because: 'it began 61 min before the onset' },
    ]);
  });

  test('what still runs at the onset, or ends after it, was never quiet', () => {
    const ends = (finishedAt: string | null) =>
      ask({ changes: [change('x', NOON - MINUTE, { finishedAt })] }).suspect?.quietSeconds;
    expect([ends(null), ends(iso(NOON + MINUTE))]).toEqual([0, 0]);
  });

  test('what began after the onset is under way, and acquits nothing that began before', () => {
    const later = change('fix', NOON + 3 * MINUTE, { version: 'r43' });
    const { suspect, underWay } = ask({ changes: [later, deployed] });
    expect(suspect?.id).toBe('deploy-42');
    expect(underWay).toMatchObject({ id: 'fix', because: 'deployment fix began 3 min after the onset' });
  });

  test('what is under way on another service is not', () => {
    expect(ask({ changes: [{ ...ofDatabase, startedAt: iso(NOON + MINUTE) }] }).underWay).toBeNull();
  });

  test('a target that somebody moved after the onset is under way, too', () => {
    expect(ask({ targets: [runs(NOON + 2 * MINUTE, 'r43')] }).underWay?.id).toBe('checkout r43');
  });
});

describe('what the target says', () => {
  test('of the version that runs is a change, though nobody told of it', () => {
    expect(ask({ targets: [runs(NOON - 5 * MINUTE)] }).suspect).toMatchObject({
      source: 'target',
      id: 'checkout r42',
      version: 'r42',
      ageSeconds: 300,
    });
    expect(ask({ targets: [runs(NOON - 2 * HOUR)] }).suspect).toBeNull();
    expect(ask({ targets: [runs(null)] })).toEqual({ suspect: null, rivals: [], acquitted: [], underWay: null });
  });

  test.each([
    ['the same version', 'r42', 20 * MINUTE],
    ['another name for it, which began while it was rolled out', '5d9c', 2 * MINUTE],
  ] as const)('is one change with what was told: %s', (_case, version, after) => {
    const { suspect, rivals, acquitted } = ask({
      changes: [change('told', NOON - 30 * MINUTE)],
      targets: [runs(NOON - 30 * MINUTE + after, version)],
    });
    expect(suspect).toMatchObject({ id: 'told', source: 'change-feed' });
    expect([rivals, acquitted]).toEqual([[], []]);
  });

  test('is another change, where it began long after what was told and names another version', () => {
    const { suspect } = ask({
      changes: [change('told', NOON - 50 * MINUTE)],
      targets: [runs(NOON - 5 * MINUTE, 'r43')],
    });
    expect(suspect?.id).toBe('checkout r43');
  });

  test.each([
    ['behind by hours', -5 * HOUR],
    ['behind by a little', -20 * MINUTE],
  ] as const)('a version cannot have run before its target had it: a clock that is %s is corrected', (_how, told) => {
    const { suspect, underWay } = ask({ changes: [change('told', NOON + told)], targets: [runs(NOON - 10 * MINUTE)] });
    expect(suspect).toMatchObject({ id: 'told', ageSeconds: 600 });
    expect(underWay).toBeNull();
  });

  test('an old version that came back keeps its first date there: what was told of it stands', () => {
    const { suspect } = ask({
      changes: [change('back to r42', NOON - 10 * MINUTE)],
      targets: [runs(NOON - 48 * HOUR)],
    });
    expect(suspect).toMatchObject({ id: 'back to r42', ageSeconds: 600 });
  });
});

test.each([
  ['staging', 'production', null],
  ['staging', null, 'x'],
  [null, 'production', 'x'],
  ['production', 'production', 'x'],
] as const)('a change of %s in an incident of %s: %s is suspected', (environment, ofIncident, expected) => {
  const changes = [change('x', NOON - 10 * MINUTE, { environment })];
  expect(ask({ changes, environment: ofIncident }).suspect?.id ?? null).toBe(expected);
});

describe('old and new side by side', () => {
  test('only the new ones fail: it is the deployment, whatever else is in trouble', () => {
    const { suspect } = ask({
      ...onlyNewFails('yes'),
      changes: [deployed],
      dependencies: [dependency('database', 'yes')],
    });
    expect(suspect?.id).toBe('deploy-42');
    expect(suspect?.tests.map(({ name }) => name)).toEqual(['began-before-onset', 'only-new-version-fails']);
  });

  test('both fail alike: it is not the deployment', () => {
    const { suspect, acquitted } = ask({ ...onlyNewFails('no'), changes: [deployed] });
    expect(suspect).toBeNull();
    expect(acquitted).toMatchObject([{ id: 'deploy-42', because: 'only the new: no' }]);
  });

  test.each(['config', 'flag', 'migration'] as const)(
    'says nothing of a %s change: it concerns both versions',
    (kind) => {
      const { suspect } = ask({ ...onlyNewFails('no'), changes: [change('x', NOON - 10 * MINUTE, { kind })] });
      expect(suspect?.id).toBe('x');
      expect(answerOf(suspect, 'only-new-version-fails')).toBeUndefined();
    },
  );
});

describe('old and new of a dependency side by side', () => {
  test.each([
    ['yes', 'db-7'],
    ['no', null],
  ] as const)('%s', (answer, expected) => {
    const question = { ...onlyNewFails(answer, 'database'), changes: [ofDatabase] };
    expect(ask(question).suspect?.id ?? null).toBe(expected);
  });
});

test('traffic that is lost before it is not its own change', () => {
  const stillAsked = { answer: 'no' as const, because: 'it is asked less, and answers as ever' };
  const { suspect, acquitted } = ask({ changes: [deployed], symptoms: { growth: null, stillAsked } });
  expect(suspect).toBeNull();
  expect(acquitted).toMatchObject([{ id: 'deploy-42', because: 'it is asked less, and answers as ever' }]);
});

describe('dependencies', () => {
  test('one in trouble acquits what changed the service itself', () => {
    const { suspect, acquitted } = ask({
      changes: [deployed],
      dependencies: [
        dependency('cache', 'no'),
        dependency('database', 'yes', { suffers: { answer: 'yes', because: 'INC-1 is open' } }),
      ],
    });
    expect(suspect).toBeNull();
    expect(acquitted).toMatchObject([{ id: 'deploy-42', because: 'database is in trouble: INC-1 is open' }]);
  });

  test('one whose trouble is too small to be the reason acquits nothing', () => {
    const { suspect } = ask({
      changes: [deployed],
      dependencies: [dependency('database', 'yes', { explains: false })],
    });
    expect(suspect?.id).toBe('deploy-42');
  });

  test('one that suffers since the change may be dragged down by it: that acquits nobody', () => {
    const dragged = dependency('database', 'yes', { beganAt: NOON - 9 * MINUTE });
    const { suspect } = ask({ changes: [deployed], dependencies: [dragged] });
    expect(suspect?.tests).toContainEqual({
      name: 'dependencies-are-well',
      answer: 'unknown',
      because: 'database is in trouble, too, since this change',
    });
  });

  test.each([
    ['long before it', -40 * MINUTE],
    ['long after it', -2 * MINUTE],
  ] as const)('one that suffers since %s acquits it', (_when, began) => {
    const { suspect } = ask({
      changes: [deployed],
      dependencies: [dependency('database', 'yes', { beganAt: NOON + began })],
    });
    expect(suspect).toBeNull();
  });

  test('that suffer only since their caller was changed acquit their own change', () => {
    const { suspect, acquitted } = ask({
      changes: [deployed, ofDatabase],
      dependencies: [dependency('database', 'yes', { beganAt: NOON - 9 * MINUTE })],
    });
    expect(suspect?.id).toBe('deploy-42');
    expect(acquitted).toMatchObject([{ id: 'db-7', because: 'database suffers, but only since deploy-42' }]);
  });

  test('that suffer since their own change are suspected, though their caller was changed, too', () => {
    const { suspect } = ask({
      changes: [deployed, ofDatabase],
      dependencies: [dependency('database', 'yes', { beganAt: NOON - 19 * MINUTE })],
    });
    expect(suspect?.id).toBe('db-7');
  });

  test('that suffer since both were changed do not say which of the two it was', () => {
    const { suspect, rivals } = ask({
      changes: [deployed, { ...ofDatabase, startedAt: deployed.startedAt }],
      dependencies: [dependency('database', 'yes', { beganAt: NOON - 9 * MINUTE })],
    });
    expect([suspect, ...rivals].map((each) => each?.id).sort()).toEqual(['db-7', 'deploy-42']);
  });

  test('of which nobody can say anything acquit nothing', () => {
    const { suspect } = ask({ changes: [deployed], dependencies: [dependency('database', 'unknown')] });
    expect(suspect?.tests).toContainEqual({
      name: 'dependencies-are-well',
      answer: 'unknown',
      because: 'nobody can say of database',
    });
  });

  test('the change of one that suffers is suspected, before a newer one of the service itself', () => {
    const { suspect, acquitted } = ask({
      changes: [deployed, ofDatabase],
      dependencies: [dependency('database', 'yes')],
    });
    expect(suspect).toMatchObject({ id: 'db-7', service: 'database', own: false });
    expect(acquitted.map(({ id }) => id)).toEqual(['deploy-42']);
  });

  test('the change of one that is well is acquitted', () => {
    const { suspect, acquitted } = ask({ changes: [ofDatabase], dependencies: [dependency('database', 'no')] });
    expect(suspect).toBeNull();
    expect(acquitted).toMatchObject([{ id: 'db-7', service: 'database', because: 'database: no' }]);
  });

  test('the change of one that nobody measures stays possible, behind any of the service itself', () => {
    expect(ask({ changes: [ofDatabase] }).suspect).toMatchObject({ id: 'db-7' });
    expect(answerOf(ask({ changes: [ofDatabase] }).suspect, 'changed-service-suffers')).toBe('unknown');
    const older = change('own', NOON - 40 * MINUTE);
    expect(ask({ changes: [ofDatabase, older] }).suspect?.id).toBe('own');
  });

  test('one with a plan is looked at, too: what its target runs since is a change of it', () => {
    const { suspect } = ask({
      targets: [runs(NOON - 5 * MINUTE, 'v7', 'database')],
      dependencies: [dependency('database', 'yes')],
    });
    expect(suspect).toMatchObject({ id: 'database v7', service: 'database', source: 'target', own: false });
  });
});

describe('rivals', () => {
  const pair = (apart: number, changes: Partial<Change> = {}) =>
    ask({ changes: [deployed, change('other', NOON - 10 * MINUTE - apart, { version: 'r41a', ...changes })] });

  test('began within five minutes of each other: time tells them not apart', () => {
    const { suspect, rivals } = pair(5 * MINUTE);
    expect(suspect?.id).toBe('deploy-42');
    expect(rivals.map(({ id }) => id)).toEqual(['other']);
    expect(pair(5 * MINUTE + 1).rivals).toEqual([]);
  });

  test('are no two notices of one version: to undo one is to undo the other', () => {
    expect(pair(MINUTE, { version: 'r42' }).rivals).toEqual([]);
  });

  test('may be of another kind', () => {
    expect(pair(MINUTE, { kind: 'config', version: null }).rivals.map(({ id }) => id)).toEqual(['other']);
  });

  test('are none where only the new pods fail', () => {
    const config = change('flag', NOON - 9 * MINUTE, { kind: 'flag', version: null });
    const { suspect, rivals } = ask({ ...onlyNewFails('yes'), changes: [config, deployed] });
    expect([suspect?.id, rivals]).toEqual(['deploy-42', []]);
  });

  test('may be a change of a dependency that nobody measures', () => {
    const { suspect, rivals } = ask({ changes: [deployed, { ...ofDatabase, startedAt: deployed.startedAt }] });
    expect([suspect?.id, rivals.map(({ id }) => id)]).toEqual(['deploy-42', ['db-7']]);
  });

  test('may be its own change, where the dependency that excuses it was changed at the same time', () => {
    const { suspect, rivals } = ask({
      changes: [deployed, { ...ofDatabase, startedAt: deployed.startedAt }],
      dependencies: [dependency('database', 'yes')],
    });
    expect([suspect?.id, rivals.map(({ id }) => id)]).toEqual(['db-7', ['deploy-42']]);
  });

  test('are none that were acquitted for what they are', () => {
    const { rivals } = ask({
      changes: [{ ...ofDatabase, startedAt: deployed.startedAt }, deployed],
      dependencies: [dependency('database', 'no')],
    });
    expect(rivals).toEqual([]);
  });
});

describe('the fact that rules read', () => {
  test('has the answers by name, the rivals, and who was acquitted', () => {
    const analysis = ask({
      ...onlyNewFails('yes'),
      changes: [deployed, change('too old', NOON - 2 * HOUR, { version: 'r40' })],
    });
    expect(suspectFact(analysis, { podTroubles: ['CrashLoopBackOff'], growth: 'sudden' })).toMatchObject({
      id: 'deploy-42',
      onlyNewVersionFails: 'yes',
      changedServiceSuffers: 'yes',
      rivals: [],
      rivalCount: 0,
      growth: 'sudden',
      acquitted: [{ id: 'too old' }],
      podTroubles: ['CrashLoopBackOff'],
    });
  });

  test("of a dependency's change says how that one is, and nothing of our own pods", () => {
    const analysis = ask({ changes: [ofDatabase], dependencies: [dependency('database', 'yes')] });
    expect(suspectFact(analysis, { podTroubles: ['CrashLoopBackOff'], growth: 'sudden' })).toMatchObject({
      onlyNewVersionFails: 'unknown',
      changedServiceSuffers: 'yes',
      podTroubles: [],
    });
  });

  test('is none where nobody is suspected', () => {
    expect(suspectFact(ask({}))).toBeNull();
  });
});

test('whatever changed: who is suspected has no "no", who has one is acquitted with its reason, and nobody is both', () => {
  const answer = fc.constantFrom<Answer>('yes', 'no', 'unknown');
  const changes = fc.array(
    fc.record({
      service: fc.constantFrom('checkout', 'database', 'cache'),
      kind: fc.constantFrom('deployment' as const, 'config' as const, 'migration' as const),
      minutes: fc.integer({ min: -90, max: 20 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(changes, answer, answer, answer, (given, only, database, cache) => {
      const { suspect, rivals, acquitted, underWay } = ask({
        changes: given.map(({ service, kind, minutes }, i) =>
          change(`c${i}`, NOON + minutes * MINUTE, { service, kind, version: `v${i}` }),
        ),
        dependencies: [dependency('database', database), dependency('cache', cache)],
        ...onlyNewFails(only),
      });
      for (const { id, startedAt, tests } of suspect === null ? [] : [suspect]) {
        expect(tests.map((test) => test.answer)).not.toContain('no');
        expect(Date.parse(startedAt)).toBeLessThanOrEqual(NOON);
        expect([...acquitted, ...rivals].map((each) => each.id)).not.toContain(id);
      }
      for (const rival of rivals) {
        expect(Math.abs(Date.parse(rival.startedAt) - Date.parse(suspect!.startedAt))).toBeLessThanOrEqual(5 * MINUTE);
      }
      expect(acquitted.every(({ because }) => because.length > 0)).toBe(true);
      const began = given.filter(({ minutes }) => minutes <= 0).length;
      if (suspect === null) expect([acquitted.length, rivals.length]).toEqual([began, 0]);
      expect(underWay !== null).toBe(given.some(({ service, minutes }) => service === 'checkout' && minutes > 0));
    }),
    { seed: 20_261_123, numRuns: 500 },
  );
});
