import fc from 'fast-check';
import { readChange } from '../../src/ingest/changes.ts';
import { readPagerDutyWebhook } from '../../src/ingest/pagerduty.ts';
import type { ReadDelivery } from '../../src/ingest/read-delivery.ts';
import { readAlertmanager, readGeneric } from '../../src/ingest/read-delivery.ts';
import { parseJson } from '../../src/ingest/body.ts';
import { contentOf, correlation, NOW, rawAlert } from '../unit/ingest-support.ts';

const options = { correlation, receivedAt: NOW };
const RUNS = { numRuns: 500 };

/** JSON as it comes: parsed from text, so that `__proto__` is a key like any other. */
const json = fc.json({ maxDepth: 5 }).map((text) => JSON.parse(text) as unknown);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\0', '\ud800', '__proto__', 'constructor'));
const record = fc
  .array(fc.tuple(fc.oneof(text, fc.constantFrom('alertname', 'service', 'replica', '1', '10')), fc.oneof(text, json)))
  .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as unknown);
const time = fc.oneof(
  json,
  fc.constantFrom('2026-11-23T15:00:00Z', '0001-01-01T00:00:00Z', '', '2026-13-01T00:00:00Z'),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
/** Alerts of every degree of being right. */
const anyAlert = fc.oneof(
  json,
  fc.record(
    {
      status: fc.oneof(fc.constantFrom('firing', 'resolved'), json),
      labels: fc.oneof(record, json),
      annotations: fc.oneof(record, json),
      startsAt: time,
      endsAt: time,
      generatorURL: fc.oneof(text, json),
      fingerprint: fc.oneof(text, json),
    },
    { requiredKeys: [] },
  ),
);

/** Every alert is in one place, and what was read can be stored. */
function isAccountedFor(read: ReadDelivery, sent: number): void {
  const { alerts, rejected, heartbeats } = contentOf(read);
  expect(alerts.length + rejected.length + heartbeats.length).toBe(sent);
  expect(new Set(rejected.map(({ index }) => index)).size).toBe(rejected.length);
  for (const { field, message } of rejected) {
    expect(field).toMatch(/^alerts\[\d+\]/);
    expect(message).not.toBe('');
  }
  for (const kept of [...alerts, ...rejected]) {
    const stored = JSON.stringify(kept);
    expect(stored).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
  }
  for (const { alert } of alerts) {
    expect(Number.isNaN(Date.parse(alert.startsAt))).toBe(false);
    expect(alert.endsAt === null).toBe(alert.status === 'firing');
  }
}

test('no JSON whatever makes a reader throw', () => {
  fc.assert(
    fc.property(json, (body) => {
      readAlertmanager(body, options);
      readGeneric(body, options);
      readPagerDutyWebhook(body, options);
      readPagerDutyWebhook({ event: body }, options);
      readPagerDutyWebhook({ event: { event_type: 'incident.triggered', data: body } }, options);
      readChange(body);
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    RUNS,
  );
});

test('no bytes whatever make the body throw', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(['parsed', 'unreadable']).toContain(parseJson(Buffer.from(bytes)).kind);
    }),
    RUNS,
  );
});

test('every alert is observed or rejected, exactly once', () => {
  fc.assert(
    fc.property(fc.array(anyAlert), (alerts) => {
      isAccountedFor(readAlertmanager({ alerts }, options), alerts.length);
      isAccountedFor(readGeneric(alerts, options), alerts.length);
    }),
    RUNS,
  );
});

test('good alerts beside bad ones are kept, and nothing about them changes', () => {
  const good = fc.string({ minLength: 1, maxLength: 20 }).map((name) => rawAlert({ fingerprint: `good ${name}` }));
  const bad = anyAlert.map((alert) =>
    typeof alert === 'object' && alert !== null && !Array.isArray(alert) ? { ...alert, labels: 'bad' } : alert,
  );
  const mixed = fc.array(
    fc.oneof(
      good.map((raw) => ({ raw, isGood: true })),
      bad.map((raw) => ({ raw, isGood: false })),
    ),
  );
  fc.assert(
    fc.property(mixed, (list) => {
      const { alerts, rejected } = contentOf(readAlertmanager({ alerts: list.map(({ raw }) => raw) }, options));
      const alone = list.filter(({ isGood }) => isGood).map(({ raw }) => raw);
      expect(alerts).toEqual(contentOf(readAlertmanager({ alerts: alone }, options)).alerts);
      expect(rejected.map(({ index }) => index)).toEqual(list.flatMap(({ isGood }, i) => (isGood ? [] : [i])));
    }),
    RUNS,
  );
});

test('the content hash is the same for any order of the keys, and the fingerprint with it', () => {
  const labels = fc
    .dictionary(fc.string(), fc.string(), { noNullPrototype: true })
    .filter((d) => !Object.hasOwn(d, '__proto__'));
  const shuffled = labels.chain((record) =>
    fc
      .shuffledSubarray(Object.entries(record), { minLength: Object.keys(record).length })
      .map((entries) => [record, entries] as const),
  );
  const read = (record: unknown) =>
    contentOf(
      readAlertmanager({ alerts: [rawAlert({ labels: record, annotations: record, fingerprint: null })] }, options),
    );
  fc.assert(
    fc.property(shuffled, ([record, entries]) => {
      expect(read(Object.fromEntries(entries))).toEqual(read(record));
    }),
    RUNS,
  );
});
