import type { Alert } from '../../src/domain/alert.ts';
import { alertKey, alertName } from '../../src/domain/alert.ts';
import { correlationKey, labelFor } from '../../src/domain/correlation.ts';
import { isRetryable } from '../../src/domain/failure.ts';
import { AUTOMATION_MODES, stricter } from '../../src/domain/plan.ts';
import { SEVERITIES, isUrgent, isWorse } from '../../src/domain/severity.ts';
import { effectivePolicy } from '../../src/app/policy.ts';
import { policyWith } from './support/incident.ts';

const alert = (labels: Record<string, string>, changes: Partial<Alert> = {}): Alert => ({
  source: 'alertmanager',
  fingerprint: 'f1',
  status: 'firing',
  labels,
  annotations: {},
  startsAt: '2026-11-23T12:00:00.000Z',
  endsAt: null,
  generatorUrl: null,
  service: labels['service'] ?? null,
  environment: labels['env'] ?? null,
  ...changes,
});
const { correlation } = policyWith();
const key = (labels: Record<string, string>, groupBy = correlation.groupBy): string =>
  correlationKey(alert(labels), { ...correlation, groupBy });

describe('the correlation key', () => {
  test('is the service and the environment, whatever else the labels say', () => {
    expect(key({ alertname: 'A', service: 'checkout', env: 'production', pod: '1' })).toBe('["checkout","production"]');
    expect(key({ alertname: 'B', service: 'checkout', env: 'production' })).toBe('["checkout","production"]');
    expect(key({ alertname: 'A', service: 'checkout', env: 'staging' })).not.toBe('["checkout","production"]');
    expect(key({ alertname: 'A', service: 'checkout' })).toBe('["checkout",null]');
  });

  test('holds the name where no service is known, and cannot be forged to meet one that is', () => {
    expect(key({ alertname: 'A' })).not.toBe(key({ alertname: 'B' }));
    expect(key({ alertname: 'A' })).toBe(key({ alertname: 'A', pod: '1' }));
    expect(key({ alertname: 'x', service: 'null', env: 'production' })).not.toBe(
      key({ alertname: 'x', env: 'production' }),
    );
    expect(key({ service: 'a","b', env: 'c' })).not.toBe(key({ service: 'a', env: 'b","c' }));
  });

  test('takes any label that is configured', () => {
    expect(key({ alertname: 'A', service: 's', cluster: 'eu-1' }, ['cluster', 'service'])).toBe('["eu-1","s"]');
  });
});

test('a label is the first one that is there and not empty, and never an inherited property', () => {
  expect(labelFor({ app: 'a', job: 'j' }, ['service', 'app', 'job'])).toBe('a');
  expect(labelFor({ service: '', job: 'j' }, ['service', 'job'])).toBe('j');
  expect(labelFor({}, ['constructor', 'toString', '__proto__'])).toBeNull();
});

test('names and identities of alerts', () => {
  expect([alertName(alert({ alertname: 'A' })), alertName(alert({}))]).toEqual(['A', 'unnamed alert']);
  expect(alertKey('generic', 'f1')).not.toBe(alertKey('alertmanager', 'f1'));
});

test('severities are ordered, and two of them are urgent', () => {
  expect(SEVERITIES.filter(isUrgent)).toEqual(['P0', 'P1']);
  expect(isWorse('P0', 'P1')).toBe(true);
  expect(isWorse('P1', 'P1')).toBe(false);
});

test('the stricter of two modes, either way round', () => {
  for (const [i, a] of AUTOMATION_MODES.entries()) {
    for (const [j, b] of AUTOMATION_MODES.entries()) expect(stricter(a, b)).toBe(AUTOMATION_MODES[Math.min(i, j)]);
  }
});

test('what is worth another try', () => {
  const kinds = ['unreachable', 'rate-limited', 'server', 'ambiguous', 'rejected', 'unauthorized'] as const;
  expect(kinds.filter(isRetryable)).toEqual(['unreachable', 'rate-limited', 'server', 'ambiguous']);
});

describe('the policy with what people switched', () => {
  const none = { mode: null, killSwitch: null, changedBy: null, changedAt: null };
  const of = (switches: object, sandbox = false) =>
    effectivePolicy(policyWith({ mode: 'approve', killSwitch: true }), { ...none, ...switches }, sandbox).automation;

  test('is the configuration until somebody switches; then the later word', () => {
    expect(of({})).toMatchObject({ mode: 'approve', killSwitch: true });
    expect(of({ mode: 'auto', killSwitch: false })).toMatchObject({ mode: 'auto', killSwitch: false });
  });

  test('never acts in the sandbox', () => {
    expect(of({ mode: 'auto' }, true).mode).toBe('shadow');
    expect(of({ mode: 'off' }, true).mode).toBe('off');
  });
});
