import { readAlertmanager, readGeneric } from '../../src/ingest/read-delivery.ts';
import { contentOf, correlation, fixture, NOW, observed, rawAlert } from './ingest-support.ts';

const options = { correlation, receivedAt: NOW };
const alertmanager = (...alerts: readonly unknown[]) => contentOf(readAlertmanager({ alerts }, options));
const generic = (body: unknown) => contentOf(readGeneric(body, options));
/** Why the only alert was rejected. */
const rejection = (changes: Record<string, unknown>) => {
  const content = alertmanager(rawAlert(changes));
  expect(content.alerts).toEqual([]);
  return { field: content.rejected[0]?.field, message: content.rejected[0]?.message };
};

describe('what Alertmanager sends', () => {
  test('a firing alert', () => {
    const { alerts, rejected, heartbeats } = contentOf(readAlertmanager(fixture('firing-single'), options));
    expect({ rejected, heartbeats }).toEqual({ rejected: [], heartbeats: [] });
    expect(alerts).toHaveLength(1);
    expect(alerts[0]?.alert).toMatchObject({
      source: 'alertmanager',
      fingerprint: '9a2731f4eb29dc11',
      status: 'firing',
      startsAt: '2026-11-23T03:47:01.189Z',
      endsAt: null,
      service: 'checkout',
      environment: 'production',
      annotations: { summary: 'Checkout is down — 0 pods ready' },
    });
    expect(alerts[0]?.correlationKey).toBe('["checkout","production"]');
    expect(alerts[0]?.startAssumed).toBe(false);
  });

  test('a resolved one has its end', () => {
    const { alerts } = contentOf(readAlertmanager(fixture('resolved-single'), options));
    expect(alerts[0]?.alert).toMatchObject({ status: 'resolved', endsAt: '2026-11-23T03:47:35.189Z' });
  });

  test('the same from both peers of a pair is the same', () => {
    const [one] = contentOf(readAlertmanager(fixture('firing-single'), options)).alerts;
    const [other] = contentOf(readAlertmanager(fixture('firing-repeat-from-ha-peer'), options)).alerts;
    expect(other).toEqual(one);
  });

  test('a truncated group is what is there', () => {
    expect(contentOf(readAlertmanager(fixture('firing-truncated'), options)).alerts).toHaveLength(1);
  });

  test('a Watchdog is a heartbeat, and none once it resolved', () => {
    const firing = fixture('watchdog-severity-none');
    expect(contentOf(readAlertmanager(firing, options))).toMatchObject({ alerts: [], heartbeats: ['Watchdog'] });
    const resolved = { alerts: [{ ...firing.alerts[0], status: 'resolved' }] };
    expect(contentOf(readAlertmanager(resolved, options))).toMatchObject({ alerts: [], heartbeats: [], rejected: [] });
  });

  test('status is per alert, whatever the group says', () => {
    const body = { status: 'firing', alerts: [rawAlert(), rawAlert({ status: 'resolved', fingerprint: 'b' })] };
    const { alerts } = contentOf(readAlertmanager(body, options));
    expect(alerts.map(({ alert }) => alert.status)).toEqual(['firing', 'resolved']);
  });

  test('unknown fields, and no alertname, are taken', () => {
    const body = {
      version: '1',
      orgId: 1,
      notification_reason: 'new',
      alerts: [rawAlert({ labels: { job: 'x' }, values: { B: 44.2 }, silenceURL: 'http://grafana/silence' })],
    };
    expect(contentOf(readAlertmanager(body, options)).alerts[0]?.alert.service).toBe('x');
  });

  test('no alerts are no error', () => {
    expect(alertmanager()).toMatchObject({ sent: 0, alerts: [], rejected: [], heartbeats: [] });
  });
});

describe('a body that is none', () => {
  test.each([[null], [17], ['alerts'], [true], [[rawAlert()]]])('%j', (body) => {
    expect(readAlertmanager(body, options)).toMatchObject({
      kind: 'unreadable',
      problem: { code: 'invalid-body', field: '' },
    });
  });

  test.each([
    [{}, 'missing-field', 'is missing; expected an array'],
    [{ alerts: null }, 'invalid-field', 'expected an array, got null'],
    [{ alerts: 'x' }, 'invalid-field', 'expected an array, got a string'],
    [{ alerts: { 0: rawAlert() } }, 'invalid-field', 'expected an array, got an object'],
  ])('%j', (body, code, message) => {
    expect(readAlertmanager(body, options)).toEqual({
      kind: 'unreadable',
      problem: { code, message, field: 'alerts' },
    });
  });

  test('more alerts than any real delivery has', () => {
    const body = { alerts: Array.from({ length: 100_001 }, () => 0) };
    expect(readAlertmanager(body, options)).toMatchObject({ problem: { code: 'too-many-alerts', field: 'alerts' } });
  });
});

describe('an alert that cannot be read', () => {
  test.each([
    [{ status: undefined }, 'status', 'expected "firing" or "resolved", got nothing'],
    [{ status: 'pending' }, 'status', 'expected "firing" or "resolved", got "pending"'],
    [{ status: 1 }, 'status', 'expected "firing" or "resolved", got a number'],
    [{ labels: undefined }, 'labels', 'expected an object of strings, got nothing'],
    [{ labels: null }, 'labels', 'expected an object of strings, got null'],
    [{ labels: ['a'] }, 'labels', 'expected an object of strings, got an array'],
    [{ labels: { severity: 3 } }, 'labels.severity', 'expected a string, got a number'],
    [{ labels: { severity: null } }, 'labels.severity', 'expected a string, got null'],
    [{ labels: { 'a b': {} } }, 'labels["a b"]', 'expected a string, got an object'],
    [{ labels: { 'a\n\0': 1 } }, 'labels["a\\n\u{FFFD}"]', 'expected a string, got a number'],
    [{ labels: { ['n'.repeat(1025)]: '' } }, `labels["${'n'.repeat(80)}…"]`, 'has a name of more than 1024 bytes'],
    [{ labels: { v: 'v'.repeat(65_537) } }, 'labels.v', 'is longer than 65536 bytes'],
    [{ labels: { v: '€'.repeat(21_846) } }, 'labels.v', 'is longer than 65536 bytes'],
    [{ annotations: 'x' }, 'annotations', 'expected an object of strings, got a string'],
    [{ annotations: { summary: [] } }, 'annotations.summary', 'expected a string, got an array'],
    [{ annotations: { v: 'v'.repeat(262_145) } }, 'annotations.v', 'is longer than 262144 bytes'],
    [{ startsAt: undefined }, 'startsAt', expect.stringMatching(/^expected an RFC 3339 .* got nothing$/)],
    [{ startsAt: 1763869621 }, 'startsAt', expect.stringMatching(/^expected an RFC 3339 .* got a number$/)],
    [{ startsAt: '0001-01-01T00:00:00Z' }, 'startsAt', expect.stringContaining('RFC 3339')],
    [{ startsAt: '2026-02-30T00:00:00Z' }, 'startsAt', expect.stringContaining('RFC 3339')],
    [{ endsAt: 'soon' }, 'endsAt', expect.stringContaining('RFC 3339')],
    [{ generatorURL: 7 }, 'generatorURL', 'expected a string, got a number'],
    [{ fingerprint: 7 }, 'fingerprint', 'expected a string, got a number'],
    [{ fingerprint: 'f'.repeat(129) }, 'fingerprint', 'is longer than 128 characters'],
  ])('%#: %s', (changes, field, message) => {
    expect(rejection(changes)).toEqual({ field: `alerts[0].${field}`, message });
  });

  test.each([[null], [17], ['x'], [[]]])('%j is no alert', (raw) => {
    expect(alertmanager(raw).rejected).toEqual([
      { index: 0, field: 'alerts[0]', message: expect.stringMatching(/^expected an object, got/), raw },
    ]);
  });

  test('does not take the good ones with it', () => {
    const { alerts, rejected } = alertmanager(
      rawAlert(),
      rawAlert({ labels: 1 }),
      null,
      rawAlert({ fingerprint: 'b' }),
    );
    expect(alerts.map(({ alert }) => alert.fingerprint)).toEqual(['9a2731f4eb29dc11', 'b']);
    expect(rejected.map(({ index, field }) => [index, field])).toEqual([
      [1, 'alerts[1].labels'],
      [2, 'alerts[2]'],
    ]);
  });

  test('10,000 labels are too many, 500 are not', () => {
    const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`label_${i}`, 'x']));
    expect(rejection({ labels: labels(10_000) })).toEqual({
      field: 'alerts[0].labels',
      message: 'has more than 500 entries',
    });
    expect(alertmanager(rawAlert({ labels: labels(500) })).alerts).toHaveLength(1);
  });

  test('is kept whole, however deep, in a form that can be stored', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    const { rejected } = alertmanager(rawAlert({ labels: 1, 'x\0': ['\ud800', deep] }));
    const text = JSON.stringify(rejected[0]?.raw);
    expect(text.length).toBeLessThan(1000);
    expect(text).toContain('"x\u{FFFD}":["\u{FFFD}"');
  });

  test('is kept by its beginning when it is huge', () => {
    const { rejected } = alertmanager(rawAlert({ labels: { v: 'v'.repeat(1_000_000) } }));
    expect(rejected[0]?.raw).toMatch(/^\{"status":"firing"/);
    expect(JSON.stringify(rejected[0]?.raw).length).toBeLessThan(70_000);
  });
});

describe('names that reach for the prototype', () => {
  test.each(['labels', 'annotations'])('__proto__ among the %s is rejected by name', (place) => {
    const raw = rawAlert({ [place]: JSON.parse('{"alertname":"x","__proto__":"polluted"}') });
    expect(alertmanager(raw).rejected[0]).toMatchObject({
      field: `alerts[0].${place}.__proto__`,
      message: 'is not allowed as a name',
    });
  });

  test('__proto__ as a field of the alert, or of the body, does nothing', () => {
    const body = JSON.parse(
      `{"__proto__":{"alerts":[]},"alerts":[${JSON.stringify(rawAlert()).slice(0, -1)},"__proto__":{"polluted":1}}]}`,
    );
    const { alerts } = contentOf(readAlertmanager(body, options));
    expect(alerts).toHaveLength(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(readAlertmanager(JSON.parse('{"__proto__":{"alerts":[]}}'), options).kind).toBe('unreadable');
  });

  test('constructor is a label like any other', () => {
    const [alert] = alertmanager(rawAlert({ labels: { constructor: 'acme', toString: 'x' } })).alerts;
    expect(alert?.alert.labels).toEqual({ constructor: 'acme', toString: 'x' });
    expect(alert?.alert.service).toBeNull();
  });
});

describe('text', () => {
  test('NUL and lone surrogates are replaced, all else stays', () => {
    const [alert] = alertmanager(
      rawAlert({
        labels: { 'a\0b': 'x\0y', bell: '\u0007\u001b[31m\r\n\t\u202e', emoji: '😀' },
        annotations: { broken: '\ud83d alone' },
        generatorURL: 'http://x/\0',
        fingerprint: 'f\0',
      }),
    ).alerts;
    expect(alert?.alert).toMatchObject({
      labels: { 'a\u{FFFD}b': 'x\u{FFFD}y', bell: '\u0007\u001b[31m\r\n\t\u202e', emoji: '😀' },
      annotations: { broken: '\u{FFFD} alone' },
      generatorUrl: 'http://x/\u{FFFD}',
      fingerprint: 'f\u{FFFD}',
    });
  });
});

describe('times', () => {
  test.each([undefined, null, '', '0001-01-01T00:00:00Z'])(
    'an end that is not set (%j) is that of the receipt',
    (endsAt) => {
      expect(observed({ status: 'resolved', endsAt }).alert.endsAt).toBe('2026-11-23T15:13:00.000Z');
      expect(observed({ endsAt }).alert.endsAt).toBeNull();
    },
  );

  test('a firing alert has no end, even if one is announced', () => {
    expect(observed({ endsAt: '2026-11-23T16:00:00Z' }).alert.endsAt).toBeNull();
  });

  test('any offset, to the millisecond', () => {
    expect(observed({ startsAt: '2026-11-23T16:00:00.123456789+01:00' }).alert.startsAt).toBe(
      '2026-11-23T15:00:00.123Z',
    );
  });
});

describe('identity', () => {
  test('a missing fingerprint is computed from the labels, in any order', () => {
    const labels = { alertname: 'A', '10': 'x', '9': 'y', service: 's' };
    const one = observed({ fingerprint: undefined, labels });
    const other = observed({ fingerprint: '', labels: Object.fromEntries(Object.entries(labels).reverse()) });
    expect(one.alert.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(other.alert.fingerprint).toBe(one.alert.fingerprint);
    expect(observed({ fingerprint: null, labels: { ...labels, service: 't' } }).alert.fingerprint).not.toBe(
      one.alert.fingerprint,
    );
  });

  test('replicas see the same alert', () => {
    const labels = { alertname: 'A', service: 's' };
    const a = observed({ labels: { ...labels, replica: 'a' }, fingerprint: 'fa' });
    const b = observed({ labels: { ...labels, replica: 'b' }, fingerprint: 'fb' });
    expect(a.identity).toBe(b.identity);
    expect(a.alert.fingerprint).not.toBe(b.alert.fingerprint);
    expect(a.identity).not.toBe(observed({ labels: { ...labels, replica: 'a', pod: 'p' } }).identity);
    expect(observed({ labels, fingerprint: 'plain' }).identity).toBe('plain');
  });
});

describe('the content hash', () => {
  const base = observed().contentHash;

  test.each([
    [{ status: 'resolved' }],
    [{ labels: { alertname: 'CheckoutDown' } }],
    [{ annotations: { summary: 'Checkout is up' } }],
    [{ annotations: {} }],
    [{ startsAt: '2026-11-23T15:00:00.001Z' }],
    [{ generatorURL: 'http://elsewhere' }],
  ])('changes with %j', (changes) => {
    expect(observed(changes).contentHash).not.toBe(base);
  });

  test('changes with the end of a resolved one', () => {
    const ended = (endsAt: string) => observed({ status: 'resolved', endsAt }).contentHash;
    expect(ended('2026-11-23T15:01:00Z')).not.toBe(ended('2026-11-23T15:02:00Z'));
  });

  test('does not mix up names, values and places', () => {
    const hashes = [
      observed({ labels: { a: 'bc' }, annotations: {} }),
      observed({ labels: { ab: 'c' }, annotations: {} }),
      observed({ labels: {}, annotations: { a: 'bc' } }),
      observed({ labels: { a: 'b', c: '' }, annotations: {} }),
    ].map((o) => o.contentHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('does not depend on the order of keys, the writing of a time, or on how it came', () => {
    const reversed = Object.fromEntries(Object.entries(rawAlert()).reverse());
    const labels = Object.fromEntries(Object.entries(rawAlert()['labels'] as object).reverse());
    const body = { externalURL: 'http://b', receiver: 'other', alerts: [{ ...reversed, labels }] };
    const [alert] = contentOf(readAlertmanager(body, { correlation, receivedAt: NOW + 60_000 })).alerts;
    expect(alert?.contentHash).toBe(base);
    expect(observed({ startsAt: '2026-11-23T16:00:00+01:00' }).contentHash).toBe(base);
  });

  test('does not contain a time that the source did not give', () => {
    const at = (receivedAt: number, status: string) =>
      contentOf(readGeneric({ labels: { alertname: 'A' }, status }, { correlation, receivedAt })).alerts[0]!;
    for (const status of ['firing', 'resolved']) {
      expect(at(NOW + 5000, status).contentHash).toBe(at(NOW, status).contentHash);
      expect(at(NOW, status).startAssumed).toBe(true);
    }
    expect(at(NOW, 'firing').contentHash).not.toBe(at(NOW, 'resolved').contentHash);
  });
});

describe('the generic endpoint', () => {
  const minimal = { labels: { alertname: 'DiskFull', app: 'db' } };

  test.each([
    ['an object with alerts', { alerts: [minimal] }],
    ['an array', [minimal]],
    ['one alert alone', minimal],
  ])('takes %s', (_, body) => {
    const { alerts } = generic(body);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]?.alert).toMatchObject({
      source: 'generic',
      status: 'firing',
      startsAt: '2026-11-23T15:13:00.000Z',
      endsAt: null,
      service: 'db',
      generatorUrl: null,
      annotations: {},
    });
  });

  test('an end without a start is the end of whatever fires', () => {
    const { alert } = generic({ ...minimal, status: 'resolved', endsAt: '2026-11-23T15:10:00Z' }).alerts[0]!;
    expect(alert).toMatchObject({ startsAt: '2026-11-23T15:10:00.000Z', endsAt: '2026-11-23T15:10:00.000Z' });
  });

  test.each([[{ labels: {} }], [{ labels: { alertname: '' } }]])('needs an alertname: %j', (body) => {
    expect(generic(body).rejected[0]).toMatchObject({
      field: 'alerts[0].labels.alertname',
      message: 'is missing; it names the alert',
    });
  });

  test.each([[null], ['x'], [3]])('%j is no body', (body) => {
    expect(readGeneric(body, options)).toMatchObject({ problem: { code: 'invalid-body' } });
  });

  test('{} is an alert without labels', () => {
    expect(generic({}).rejected[0]?.field).toBe('alerts[0].labels');
  });
});
