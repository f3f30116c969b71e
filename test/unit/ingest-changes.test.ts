import { readChange } from '../../src/ingest/changes.ts';
import { TIMESTAMP_EXPECTED } from '../../src/ingest/timestamp.ts';

const complete = {
  id: 'deploy-4711',
  service: 'checkout',
  environment: 'production',
  kind: 'deployment',
  version: 'v42',
  previousVersion: 'v41',
  startedAt: '2026-11-23T15:00:00+01:00',
  finishedAt: '2026-11-23T14:05:00Z',
  by: 'ci',
  url: 'https://ci.example.com/4711',
  evidence: { tests: 'passed', staging: 'passed' },
};

test('a complete one', () => {
  expect(readChange(complete)).toEqual({
    kind: 'read',
    change: { ...complete, startedAt: '2026-11-23T14:00:00.000Z', finishedAt: '2026-11-23T14:05:00.000Z' },
  });
});

test('the least there can be', () => {
  const body = { id: 'x', service: 's', kind: 'flag', startedAt: '2026-11-23T15:00:00Z', unknown: [1] };
  expect(readChange(body)).toEqual({
    kind: 'read',
    change: {
      id: 'x',
      service: 's',
      environment: null,
      kind: 'flag',
      version: null,
      previousVersion: null,
      startedAt: '2026-11-23T15:00:00.000Z',
      finishedAt: null,
      by: null,
      url: null,
      evidence: {},
    },
  });
});

test.each([undefined, null, ''])('with finishedAt %j it still runs', (finishedAt) => {
  expect(readChange({ ...complete, finishedAt })).toMatchObject({ change: { finishedAt: null } });
});

test('evidence is text, and text is storable', () => {
  const evidence = JSON.parse('{"tests":true,"coverage":81.5,"a\\u0000":"\\ud800","constructor":"x"}') as unknown;
  const read = readChange({ ...complete, by: 'a\0b', evidence });
  expect(read).toMatchObject({
    change: {
      by: 'a\u{FFFD}b',
      evidence: { tests: 'true', coverage: '81.5', 'a\u{FFFD}': '\u{FFFD}', constructor: 'x' },
    },
  });
});

test('__proto__ as evidence does nothing', () => {
  const read = readChange(JSON.parse(JSON.stringify(complete).replace('"tests"', '"__proto__"')));
  if (read.kind === 'read') expect(Object.getPrototypeOf(read.change.evidence)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)['passed']).toBeUndefined();
});

test.each([
  [null, '', 'invalid-body'],
  [[], '', 'invalid-body'],
  [{ ...complete, id: undefined }, 'id', 'missing-field'],
  [{ ...complete, id: '  ' }, 'id', 'invalid-field'],
  [{ ...complete, id: 4711 }, 'id', 'invalid-field'],
  [{ ...complete, id: 'x'.repeat(257) }, 'id', 'invalid-field'],
  [{ ...complete, service: undefined }, 'service', 'missing-field'],
  [{ ...complete, kind: 'magic' }, 'kind', 'invalid-field'],
  [{ ...complete, startedAt: undefined }, 'startedAt', 'missing-field'],
  [{ ...complete, startedAt: null }, 'startedAt', 'invalid-field'],
  [{ ...complete, startedAt: 'today' }, 'startedAt', 'invalid-field'],
  [{ ...complete, finishedAt: 'later' }, 'finishedAt', 'invalid-field'],
  [{ ...complete, url: 'x'.repeat(9000) }, 'url', 'invalid-field'],
  [{ ...complete, evidence: 'green' }, 'evidence', 'invalid-field'],
  [{ ...complete, evidence: { tests: {} } }, 'evidence.tests', 'invalid-field'],
])('%#: a problem is named (%#)', (body, field, code) => {
  const read = readChange(body);
  expect(read).toMatchObject({ kind: 'unreadable', problem: { field, code } });
});

test.each([
  [{ service: undefined }, 'is missing'],
  [{ kind: 'magic' }, 'expected one of deployment, migration, config, flag'],
  [{ id: 4711 }, 'expected a text'],
  [{ finishedAt: 'later' }, TIMESTAMP_EXPECTED],
  [{ evidence: 'green' }, 'expected an object'],
  [{ evidence: { tests: {} } }, 'expected a text, a number, true or false'],
])('%j is refused in words for who writes pipelines', (change, message) => {
  expect(readChange({ ...complete, ...change })).toMatchObject({ problem: { message } });
});
