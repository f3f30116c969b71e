import { createHmac } from 'node:crypto';
import { Secret } from '../../src/domain/secret.ts';
import type { WebhookAuthOptions } from '../../src/ingest/auth.ts';
import { createWebhookAuth } from '../../src/ingest/auth.ts';
import type { Source } from '../../src/ingest/ports.ts';
import { NOW } from './ingest-support.ts';

const none: WebhookAuthOptions = {
  bearerTokens: [],
  basic: [],
  hmacSecrets: [],
  pagerdutySecrets: [],
  slackSecrets: [],
  loopbackWithoutCredentials: false,
};
const configured = createWebhookAuth({
  bearerTokens: [new Secret('old token'.replace(' ', '-')), new Secret('new-token')],
  basic: [{ username: 'am', password: new Secret('pass:word é') }],
  hmacSecrets: [new Secret('h1'), new Secret('h2')],
  pagerdutySecrets: [new Secret('p1'), new Secret('p2')],
  slackSecrets: [],
  loopbackWithoutCredentials: true,
});
const body = Buffer.from('{"alerts":[]}');
const hmac = (secret: string, prefix = ''): string =>
  createHmac('sha256', secret).update(prefix).update(body).digest('hex');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('with nothing configured', () => {
  test.each<Source>(['alertmanager', 'generic', 'changes', 'pagerduty'])('%s is open on loopback only', (source) => {
    expect(createWebhookAuth(none).byHeaders(source, {})).toBe('refused');
    expect(createWebhookAuth({ ...none, loopbackWithoutCredentials: true }).byHeaders(source, {})).toBe('granted');
  });

  test('signatures prove nothing', () => {
    const headers = { 'x-firebreak-signature': `v1=${hmac('')}`, 'x-pagerduty-signature': `v1=${hmac('')}` };
    const auth = createWebhookAuth(none);
    expect(auth.byHeaders('alertmanager', headers)).toBe('refused');
    expect(auth.isSigned('pagerduty', headers, body, NOW)).toBe(false);
  });
});

describe('the authorization header', () => {
  test.each([
    'Bearer old-token',
    'Bearer new-token',
    'bearer   new-token ',
    `Basic ${base64('am:pass:word é')}`,
    `basic ${base64('am:pass:word é')}`,
  ])('%s is granted', (authorization) => {
    expect(configured.byHeaders('alertmanager', { authorization })).toBe('granted');
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer new-toke',
    'Bearer new-token2',
    'Bearer NEW-TOKEN',
    'Bearer new-token extra',
    'new-token',
    'Basic',
    'Basic ~~~',
    `Basic ~${base64('am:pass:word é')}`,
    `Basic ${base64('am')}`,
    `Basic ${base64('am:')}`,
    `Basic ${base64(':pass:word é')}`,
    `Basic ${base64('am:pass')}`,
    'Basic new-token',
    `Bearer ${base64('am:pass:word é')}`,
  ])('%j is refused, on loopback too', (authorization) => {
    expect(configured.byHeaders('alertmanager', authorization === undefined ? {} : { authorization })).toBe('refused');
  });

  test('is of no use for PagerDuty', () => {
    expect(configured.byHeaders('pagerduty', { authorization: 'Bearer new-token' })).toBe('refused');
  });
});

describe("PagerDuty's signature", () => {
  const check = (signature: string): boolean =>
    configured.isSigned('pagerduty', { 'x-pagerduty-signature': signature }, body, NOW);

  test('may be any of several, by any of the secrets', () => {
    expect(configured.byHeaders('pagerduty', { 'x-pagerduty-signature': 'v1=…' })).toBe('signature');
    expect(check(`v1=${hmac('p1')}`)).toBe(true);
    expect(check(`v1=${hmac('p2')}`)).toBe(true);
    expect(check(`v1=${hmac('unknown')},v1=${hmac('p2')}`)).toBe(true);
    expect(check(`v2=${hmac('unknown')}, v1=${hmac('p1').toUpperCase()}`)).toBe(true);
  });

  test.each(['', 'v1=', 'v1=zz', `v1=${hmac('h1')}`, `v2=${hmac('p1')}`, hmac('p1'), `v1=${hmac('p1').slice(0, 62)}`])(
    '%j is refused',
    (signature) => {
      expect(check(signature)).toBe(false);
    },
  );

  test('is over the very bytes', () => {
    const headers = { 'x-pagerduty-signature': `v1=${hmac('p1')}` };
    expect(configured.isSigned('pagerduty', headers, Buffer.from('{"alerts": []}'), NOW)).toBe(false);
  });
});

describe('signatures of the others', () => {
  const seconds = String(NOW / 1000);
  const check = (headers: Record<string, string>): boolean => {
    expect(configured.byHeaders('generic', headers)).toBe('signature');
    return configured.isSigned('generic', headers, body, NOW);
  };
  const ours = (timestamp: string, secret = 'h1') => ({
    'x-firebreak-timestamp': timestamp,
    'x-firebreak-signature': `v1=${hmac(secret, `${timestamp}.`)}`,
  });

  test('ours is over time and body, and recent', () => {
    expect(check(ours(seconds))).toBe(true);
    expect(check(ours(seconds, 'h2'))).toBe(true);
    expect(check(ours(String(NOW / 1000 - 300)))).toBe(true);
    expect(check(ours(String(NOW / 1000 + 300)))).toBe(true);
  });

  test.each([String(NOW / 1000 - 301), String(NOW / 1000 + 301), '', 'now', `${seconds}.5`, String(NOW)])(
    'ours of %j is refused',
    (timestamp) => {
      expect(check(ours(timestamp))).toBe(false);
    },
  );

  test('ours with another time, without one, or by another secret is refused', () => {
    expect(check({ ...ours(seconds), 'x-firebreak-timestamp': String(NOW / 1000 - 1) })).toBe(false);
    expect(check({ 'x-firebreak-signature': `v1=${hmac('h1')}` })).toBe(false);
    expect(check(ours(seconds, 'p1'))).toBe(false);
  });

  test("Grafana's is over the body, or over time and body", () => {
    expect(check({ 'x-grafana-alerting-signature': hmac('h1') })).toBe(true);
    const dated = (timestamp: string) => ({
      'x-grafana-alerting-timestamp': timestamp,
      'x-grafana-alerting-signature': hmac('h2', `${timestamp}:`),
    });
    expect(check(dated(seconds))).toBe(true);
    expect(check(dated(String(NOW / 1000 - 301)))).toBe(false);
    expect(check({ ...dated(seconds), 'x-grafana-alerting-timestamp': '1' })).toBe(false);
    expect(check({ 'x-grafana-alerting-signature': hmac('p1') })).toBe(false);
  });

  test('a signature is of no use when no secret for it is configured', () => {
    const auth = createWebhookAuth({ ...none, bearerTokens: [new Secret('t')] });
    expect(auth.byHeaders('generic', ours(seconds))).toBe('refused');
  });
});
