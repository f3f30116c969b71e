import type { ComparedIncident, PagerDutyPage } from '../../src/domain/page-comparison.ts';
import { comparePages } from '../../src/domain/page-comparison.ts';
import { iso } from '../../src/domain/time.ts';
import { HOUR, MINUTE, NOON } from './support/incident.ts';

const incident = (changes: Partial<ComparedIncident> = {}): ComparedIncident => ({
  id: 'INC-1',
  title: 'Checkout fails',
  service: 'checkout-api',
  severity: 'P0',
  because: '95 % of users are affected',
  rule: 'p0-nearly-all-users',
  openedAt: iso(NOON),
  endedAt: iso(NOON + 30 * MINUTE),
  page: { at: iso(NOON), reason: 'first-page', because: '95 % of users are affected' },
  linkedTo: null,
  alertNames: ['CheckoutErrors'],
  groupHashes: ['cafe'],
  onlyFromPagerDuty: false,
  ...changes,
});
const quietly = (changes: Partial<ComparedIncident> = {}): ComparedIncident =>
  incident({ severity: 'P1', because: 'labelled critical', rule: 'label-critical', page: null, ...changes });
const page = (changes: Partial<PagerDutyPage> = {}): PagerDutyPage => ({
  id: 'PD1',
  at: iso(NOON + MINUTE),
  title: 'something',
  service: 'Other',
  url: null,
  incidentKey: null,
  ...changes,
});
const compare = (incidents: readonly ComparedIncident[], pages: readonly PagerDutyPage[]) =>
  comparePages(NOON - HOUR, NOON + 12 * HOUR, incidents, pages);
const how = (pages: readonly PagerDutyPage[], incidents = [incident()]) =>
  compare(incidents, pages).both.flatMap(({ pagerduty }) => pagerduty.map(({ id, matchedBy }) => [id, matchedBy]));

describe('the same page', () => {
  test.each([
    ["by Alertmanager's own key", { incidentKey: 'cafe' }, 'dedup-key'],
    ['by service, however it is written', { service: 'Checkout API' }, 'service-and-time'],
    [
      'by the title that names alert and service',
      { title: '[FIRING:1] CheckoutErrors (checkout-api production)' },
      'title-and-time',
    ],
  ])('%s', (_, changes, matchedBy) => {
    expect(how([page(changes)])).toEqual([['PD1', matchedBy]]);
  });

  test.each([
    ['of another service', { service: 'Payments' }],
    ['of another time', { service: 'checkout-api', at: iso(NOON - 11 * MINUTE) }],
    ['after it was over', { service: 'checkout-api', at: iso(NOON + 41 * MINUTE) }],
    ['with the same key long after', { incidentKey: 'cafe', at: iso(NOON + 5 * HOUR) }],
    ['that names the alert of another service', { title: '[FIRING:1] CheckoutErrors (payments)' }],
  ])('is not one %s', (_, changes) => {
    expect(how([page(changes)])).toEqual([]);
  });

  test('may be several there: it is one incident here while it lasts', () => {
    const late = page({ id: 'PD2', service: 'checkout-api', at: iso(NOON + 25 * MINUTE) });
    expect(how([page({ incidentKey: 'cafe' }), late])).toEqual([
      ['PD1', 'dedup-key'],
      ['PD2', 'service-and-time'],
    ]);
  });

  test('is the surest one, and then the nearest', () => {
    const other = incident({ id: 'INC-2', groupHashes: ['beef'], openedAt: iso(NOON + MINUTE) });
    const found = compare([incident(), other], [page({ incidentKey: 'beef', service: 'checkout-api' })]);
    expect(found.both.map(({ firebreak }) => firebreak.incidentId)).toEqual(['INC-2']);
    expect(found.onlyFirebreak.map(({ incidentId }) => incidentId)).toEqual(['INC-1']);
  });
});

describe('a page that we would have missed says why', () => {
  const missed = (incidents: readonly ComparedIncident[]) =>
    compare(incidents, [page({ service: 'checkout-api' })]).onlyPagerDuty.map(({ because, incidentId }) => [
      because,
      incidentId,
    ]);

  test('by our rules', () => {
    expect(missed([quietly()])).toEqual([
      ['INC-1 is P1, which does not page: labelled critical (rule label-critical)', 'INC-1'],
    ]);
    expect(missed([quietly({ rule: null, severity: 'P2' })])[0]?.[0]).toContain('(no rule matched)');
  });

  test('by an incident that pages for both', () => {
    expect(missed([quietly({ severity: 'P0', linkedTo: 'INC-9' })])[0]?.[0]).toContain('and INC-9 pages for both');
  });

  test('because no alert of it came: what PagerDuty itself told is no alert of ours', () => {
    const nothing = [["no alert of it came within 10 minutes, but for PagerDuty's own", null]];
    expect(missed([])).toEqual(nothing);
    expect(missed([quietly({ onlyFromPagerDuty: true })])).toEqual(nothing);
    expect(missed([incident({ onlyFromPagerDuty: true })])).toEqual(nothing);
  });
});

test('a page of ours alone says why it was sent', () => {
  const { onlyFirebreak } = compare([incident()], []);
  expect(onlyFirebreak).toEqual([
    expect.objectContaining({
      incidentId: 'INC-1',
      because: 'first-page: 95 % of users are affected (rule p0-nearly-all-users)',
    }),
  ]);
});

test('what lies outside of the time is looked at for matches, and not reported', () => {
  const early = incident({
    openedAt: iso(NOON - MINUTE),
    page: { at: iso(NOON - MINUTE), reason: 'first-page', because: '' },
  });
  const found = comparePages(
    NOON,
    NOON + HOUR,
    [early],
    [page({ service: 'checkout-api' }), page({ id: 'PD2', at: iso(NOON - MINUTE) })],
  );
  expect(found).toMatchObject({ both: [], onlyPagerDuty: [], onlyFirebreak: [] });
});
