import fc from 'fast-check';
import { factsFor, recoveryQueries, triageQueries } from '../../src/domain/metric-queries.ts';
import type { RecoveryPolicy, ServicePolicy } from '../../src/domain/policy.ts';
import { durationMs, longestRangeMs } from '../../src/domain/promql-range.ts';
import { fillQuery, namesIn, parseQuery, type Placeholders } from '../../src/domain/promql.ts';

describe('which query measures a metric', () => {
  const recovery = { errorRatio: 'recovery', latencyP95: null, requestsPerSecond: null } as RecoveryPolicy;
  const facts = { errorRatio: { promql: 'own' }, latencyP95Seconds: { promql: 'own_p95' } };
  const policy = {
    facts: { latencyP95Seconds: { promql: 'global_p95' }, requestsPerSecond: { promql: 'global_rps' } },
    services: { checkout: { recovery, facts } as unknown as ServicePolicy },
  };
  test("the proof of a recovery: its own query, the service's fact, the global fact", () => {
    expect(recoveryQueries(recovery, factsFor(policy, 'checkout'))).toEqual({
      errorRatio: 'recovery',
      latencyP95: 'own_p95',
      requestsPerSecond: 'global_rps',
    });
  });
  test("triage: the service's fact, its recovery query, the global fact", () => {
    expect(triageQueries(policy, 'checkout')).toEqual({
      errorRatio: { promql: 'own' },
      latencyP95Seconds: { promql: 'own_p95' },
      requestsPerSecond: { promql: 'global_rps' },
    });
  });
  test('what nobody declared is not there; a service that is not configured has the global facts', () => {
    expect(recoveryQueries(null, {})).toEqual({});
    expect(recoveryQueries(null, factsFor(policy, 'constructor'))).toEqual({
      latencyP95: 'global_p95',
      requestsPerSecond: 'global_rps',
    });
  });
});

describe('how far back a query looks', () => {
  test.each([
    ['500ms', 500],
    ['90', 90_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['5m1h', null],
    ['5', 5_000],
    ['m', null],
    ['', null],
    ['$__rate_interval', null],
  ])('%s is %p ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  test.each([
    ['up', 0],
    ['sum(rate(x[5m])) / sum(rate(y[1h30m]))', 5400],
    ['rate(x{a="b"} [ 2m ])', 120],
    ['max_over_time(rate(x[5m])[10m:1m])', 900],
    ['max_over_time(sum(rate(x[5m])) by (le)[10m:])', 900],
    ['max_over_time((max_over_time(rate(x[1m])[5m:]))[10m:30s])', 960],
    ['rate(a[5m]) + max_over_time(b[10m:1m])', 600],
    ['rate(x{route="/[9d]"}[1m]) # [9d]', 60],
    ["rate(x{route='[9d]'}[1m]) or rate(x{a=`[9d]`}[2m])", 120],
    ['rate(x[5m] offset 1w)', 300],
    [')))[[', 0],
  ])('%s: %d s', (promql, seconds) => {
    expect(longestRangeMs(promql)).toBe(seconds * 1000);
  });

  test('whatever the text is, the answer is a time', () => {
    const piece = fc.constantFrom(
      '(',
      ')',
      '{',
      '}',
      '[5m]',
      '[10m:1m]',
      '[',
      ']',
      '"',
      '#',
      'x',
      ' ',
      '+',
      'or',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(longestRangeMs(pieces.join(''))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('placeholders for versions', () => {
  const placeholders: Placeholders = { service: 'text', version: 'text', pods: 'pattern' };
  const fill = (promql: string, scope: Record<string, string | null>) => {
    const parsed = parseQuery(promql, placeholders);
    if ('message' in parsed) return parsed.message;
    const filled = fillQuery(parsed.template, scope);
    return 'promql' in filled ? filled.promql : `missing ${filled.missing}`;
  };
  test('a version is a text, the pods are a regular expression and stay one', () => {
    const promql = 'x{version=~"$version|",pod=~"$pods-.*"}';
    expect(fill(promql, { version: '1.9', pods: 'a-\\w+|b' })).toBe('x{version=~"1\\\\.9|",pod=~"(?:a-\\\\w+|b)-.*"}');
  });
  test('nothing leaves the quotes', () => {
    expect(fill('x{pod=~"$pods"}', { pods: '"} or vector(1) #' })).toBe('x{pod=~"(?:\\"} or vector(1) #)"}');
  });
  test('pods that are not known are missing', () => {
    expect(fill('x{pod=~"$pods"}', { pods: null })).toBe('missing pods');
    expect(fill('x{pod=~"$pods"}', {})).toBe('missing pods');
  });
  test.each([
    ['x{pod="$pods"}', '$pods is a regular expression: it may stand only after =~ and !~'],
    ['x{pod=~"$pods-$environment"}', 'unknown placeholder $environment: there are $service, $version, $pods'],
    ['x * $version', '$version must stand in quotes, as the value of a label: {service="$version"}'],
  ])('%s is refused', (promql, message) => {
    expect(fill(promql, { pods: 'a', version: 'b' })).toBe(message);
  });
  test('says which it names', () => {
    const parsed = parseQuery('x{a="$service",pod=~"$pods"}', placeholders);
    expect('template' in parsed ? [...namesIn(parsed.template)] : []).toEqual(['service', 'pods']);
    // Those of an incident alone, unless told otherwise: elsewhere `$version` is a text like any other.
    const other = parseQuery('x{a="$version"}');
    expect('template' in other ? fillQuery(other.template, {}) : other).toEqual({ promql: 'x{a="$version"}' });
  });
});
