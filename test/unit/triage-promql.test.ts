import type { Policy, ServicePolicy } from '../../src/domain/policy.ts';
import type { MetricAnswer, MetricsSource } from '../../src/triage/ports.ts';
import { fillQuery, parseQuery } from '../../src/domain/promql.ts';
import { checkFactQueries, queryFacts } from '../../src/triage/query-facts.ts';

function fill(promql: string, service: string | null, environment: string | null = 'production'): string {
  const parsed = parseQuery(promql);
  if ('message' in parsed) return `refused: ${parsed.message}`;
  const filled = fillQuery(parsed.template, { service, environment });
  return 'missing' in filled ? `missing: ${filled.missing}` : filled.promql;
}

describe('a value stays a value', () => {
  test.each([
    ['up{service="$service"}', 'checkout', 'up{service="checkout"}'],
    ['up{service="$service"}', 'a"} or vector(1) #', 'up{service="a\\"} or vector(1) #"}'],
    ['up{service="$service"}', 'a\\', 'up{service="a\\\\"}'],
    ['up{service="$service"}', "it's", 'up{service="it\'s"}'],
    ["up{service='$service'}", 'it\'s "x"', "up{service='it\\'s \"x\"'}"],
    ['up{service="$service"}', 'a\nb\u0000', 'up{service="a\\u000ab\\u0000"}'],
    ['up{service="$service"}', '$environment', 'up{service="$environment"}'],
    ['up{service=~"$service-.*"}', 'a.b|.*', 'up{service=~"a\\\\.b\\\\|\\\\.\\\\*-.*"}'],
    ['up{service!~ "$service"}', '(x', 'up{service!~ "\\\\(x"}'],
    ['up{a=~"x$", s="$service", e="$environment"} # note\n', 'c', 'up{a=~"x$", s="c", e="production"} # note\n'],
    [
      'label_replace(up{s="$service"}, "a", "$1", "b", "(.*)")',
      'c',
      'label_replace(up{s="c"}, "a", "$1", "b", "(.*)")',
    ],
    ['sum(rate(x{p=`a#"b`,s="$service"}[5m]))', 'c', 'sum(rate(x{p=`a#"b`,s="c"}[5m]))'],
  ])('%s with %j', (promql, service, expected) => {
    expect(fill(promql, service)).toBe(expected);
  });
  test.each([
    ['up{service=$service}', '$service must stand in quotes'],
    ['$service', '$service must stand in quotes'],
    ['up # $service', '$service must stand in quotes'],
    ['up{service=`$service`}', 'cannot stand in backquotes'],
    ['label_replace(up, "a", "$service", "b", ".*")', 'only in the value of a label matcher'],
    ['up{service="$services-$service"}', 'unknown placeholder $services'],
    ['up{a=\'} or up{service="$service"}', 'a quoted text is not closed'],
    ['up{service="$service}', 'a quoted text is not closed'],
  ])('%s is refused', (promql, message) => {
    expect(fill(promql, 'x')).toContain(`refused: `);
    expect(fill(promql, 'x')).toContain(message);
  });
  test('an unknown value is never an empty text', () => {
    expect(fill('up{s="$service",e="$environment"}', 'a', null)).toBe('missing: environment');
    expect(fill('up{s="$service"}', '')).toBe('missing: service');
  });
});

const service = (over: Partial<ServicePolicy>): ServicePolicy => ({
  owner: null,
  specialist: null,
  slackChannel: null,
  pagerdutyRoutingKey: null,
  customerFacing: null,
  dependsOn: [],
  runbookUrl: null,
  rollback: null,
  recovery: null,
  facts: {},
  ...over,
});
const policy = (facts: Policy['facts'], checkout: Partial<ServicePolicy> = {}) => ({
  facts,
  services: { checkout: service(checkout) },
});
const answering = (answer: (promql: string, at: number) => MetricAnswer | Promise<MetricAnswer>): MetricsSource => ({
  query: async (promql, at) => answer(promql, at),
});
const number = (value: number): MetricAnswer => ({ kind: 'value', value, warnings: [] });
const never = new AbortController().signal;
const ask = { service: 'checkout', environment: 'production', at: 1000 };
const recovery = {
  health: [],
  errorRatio: 'recovery_ratio',
  latencyP95: 'recovery_p95',
  requestsPerSecond: null,
  journeys: [],
  errorRatioByVersion: null,
  latencyP95ByVersion: null,
  sloErrorRatio: null,
  scrapeSeconds: 15,
  settleSeconds: null,
};

describe('queryFacts', () => {
  test("a service's own query goes before its recovery query, and that before the global one", async () => {
    const asked = policy(
      {
        errorRatio: { promql: 'global' },
        latencyP95Seconds: { promql: 'global_p95' },
        lag: { promql: 'lag{s="$service"}' },
      },
      { facts: { errorRatio: { promql: 'own' } }, recovery },
    );
    const measured = await queryFacts(
      answering(() => number(1)),
      { ...ask, policy: asked },
      never,
    );
    expect(Object.fromEntries(Object.entries(measured).map(([name, { source }]) => [name, source]))).toEqual({
      errorRatio: 'promql: own',
      latencyP95Seconds: 'promql: recovery_p95',
      lag: 'promql: lag{s="checkout"}',
    });
  });
  test('what fails, throws or hangs is a measurement that says so, and holds up nothing else', async () => {
    const source: MetricsSource = {
      query(promql) {
        if (promql === 'hangs') return new Promise(() => undefined);
        if (promql === 'throws') return Promise.reject(new Error('boom'));
        return Promise.resolve(number(7));
      },
    };
    const facts = {
      a: { promql: 'hangs' },
      b: { promql: 'throws' },
      c: { promql: 'fine' },
      d: { promql: 'x{e="$environment"}' },
      e: { promql: '$service' },
    };
    const request = { ...ask, environment: null, policy: policy(facts), timeoutMs: 50, concurrency: 2 };
    const measured = await queryFacts(source, request, never);
    expect(measured['a']?.answer).toEqual({
      kind: 'failed',
      failure: { kind: 'ambiguous', message: 'no answer in time' },
    });
    expect(measured['b']?.answer).toEqual({ kind: 'failed', failure: { kind: 'unreachable', message: 'boom' } });
    expect(measured['c']?.answer).toEqual(number(7));
    expect(measured['d']?.answer).toMatchObject({ kind: 'no-data', reason: 'the environment is unknown' });
    expect(measured['e']?.answer.kind).toBe('no-data');
  });
  test('never more at once than allowed', async () => {
    let [running, most] = [0, 0];
    const source = answering(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return number(1);
    });
    const facts = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, { promql: 'q' }]));
    const measured = await queryFacts(source, { ...ask, policy: policy(facts), concurrency: 4 }, never);
    expect([Object.keys(measured).length, most]).toEqual([30, 4]);
  });
});

test('a configuration is told of every query that cannot be filled safely', () => {
  const asked = policy(
    {
      good: { promql: 'up{s="$service"}' },
      bad: { promql: '$service' },
      labels: { promql: '1' },
      errorRatio: { promql: '1' },
    },
    { facts: { own: { promql: 'up{s=$service}' } }, recovery: { ...recovery, latencyP95: '$environment' } },
  );
  expect(checkFactQueries(asked).map(({ field }) => field)).toEqual([
    'facts.bad.promql',
    'facts.labels',
    'services.checkout.facts.own.promql',
    'services.checkout.recovery.latencyP95',
  ]);
});
