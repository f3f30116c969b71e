import fc from 'fast-check';
import { redact } from '../../src/domain/redact.ts';

const run = { seed: 20_261_123, numRuns: 300 };
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const of = (characters: string, length = { minLength: 20, maxLength: 30 }): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(characters)), ...length });
const word = of(CHARACTERS);
/** What people and generators put into passwords, but for what ends an unquoted value. */
const password = of(`${CHARACTERS}!#$%^*()_+-.~|?@<>[]`);
/** Noise on both sides: nothing of it may save a secret. */
const around = fc.tuple(
  fc.constantFrom('', 'GET /cart 200 ', '{"level":"info"} ', 'ä🔥 '),
  fc.constantFrom('', '\nnext line'),
);

const NAMES = [
  'password',
  'PASSWORD',
  'db_password',
  'PGPASSWORD',
  'passwd',
  'passphrase',
  'DB_PASS',
  'secret',
  'client_secret',
  'SECRET_KEY',
  'secretKey',
  'token',
  'access_token',
  'authToken',
  'api_key',
  'apiKey',
  'X-Api-Key',
  'AWS_SECRET_ACCESS_KEY',
  'private_key',
  'signing_key',
  'credentials',
  'session_id',
];

describe('no secret survives', () => {
  test.each<[string, fc.Arbitrary<string>, (name: string, secret: string) => string]>([
    ['name=value', password, (name, secret) => `${name}=${secret}`],
    ['name: value', password, (name, secret) => `${name}: ${secret}`],
    ['quoted, with spaces and commas', of(`${CHARACTERS} ,;&}`), (name, secret) => `${name} = "${secret}"`],
    ['in single quotes', of(`${CHARACTERS} ,;&}`), (name, secret) => `${name}='${secret}'`],
    ['as JSON', of(`${CHARACTERS} ,;&}'`), (name, secret) => JSON.stringify({ [name]: secret })],
    [
      'as JSON inside JSON',
      of(CHARACTERS),
      (name, secret) => JSON.stringify({ log: JSON.stringify({ [name]: secret }) }),
    ],
    ['in a query string', word, (name, secret) => `https://x.example/a?b=c&${name}=${secret}&d=e`],
  ])('%s', (_form, secret, form) => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), secret, around, (name, value, [before, after]) => {
        expect(redact(before + form(name, value) + after)).not.toContain(value);
      }),
      run,
    );
  });

  test.each<[string, (secret: string) => string]>([
    ['a bearer token', (secret) => `Authorization: Bearer ${secret}`],
    ['a bearer token without its header', (secret) => `sent "bearer ${secret}"`],
    ['basic credentials', (secret) => `authorization: Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`],
    ['the password of a connection string', (secret) => `postgres://checkout:${secret}@db.shop:5432/orders`],
    ['one without a user', (secret) => `redis://:${secret}@cache:6379/0`],
    ['one that holds an @', (secret) => `amqp://u:p@${secret}@mq/`],
    ['a token of GitHub', (secret) => `ghp_${secret}`],
    ['one of Slack', (secret) => `xoxb-123-${secret}`],
    ['a webhook of Slack', (secret) => `https://hooks.slack.com/services/T0001/B0001/${secret}`],
    ['a key of Stripe', (secret) => `sk_live_${secret}`],
    ['a key of Google', (secret) => `AIza${secret}${secret}`],
    ['a JSON web token', (secret) => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${secret}`],
    ['every part of a cookie', (secret) => `Cookie: theme=dark; sid=${secret}; auth=${secret}`],
    ['a cookie that is set', (secret) => `set-cookie: sid=${secret}; Path=/`],
    ['a private key', (secret) => `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`],
    ['a private key whose end is cut off', (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n${secret}`],
  ])('%s', (_what, form) => {
    fc.assert(
      fc.property(word, around, (secret, [before, after]) => {
        const shown = redact(before + form(secret) + after);
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(Buffer.from(`ada:${secret}`).toString('base64'));
        expect(shown).toContain('[redacted]');
      }),
      run,
    );
  });

  test('a key of Amazon', () => {
    fc.assert(
      fc.property(of('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', { minLength: 16, maxLength: 16 }), (key) => {
        expect(redact(`using AKIA${key} for s3`)).toBe('using [redacted] for s3');
      }),
      run,
    );
  });

  test('each of several in one text', () => {
    const text = 'password=one2three\npassword=four5six\n{"token":"seven8nine","user":"ada"}';
    expect(redact(text)).toBe('password=[redacted]\npassword=[redacted]\n{"token":[redacted],"user":"ada"}');
  });
});

describe('ordinary text stays as it is', () => {
  test.each([
    '2026-11-23T12:00:02.123Z ERROR payment failed: relation "orders_v2" does not exist',
    'panic: runtime error: invalid memory address or nil pointer dereference',
    'GET /api/cart?item=42&page=2 500 13ms',
    'http://prometheus:9090/graph?g0.expr=up',
    'postgres://checkout@db.shop:5432/orders',
    'Back-off restarting failed container app in pod checkout-5d9c-x2x_shop(0b1c)',
    'Readiness probe failed: HTTP probe failed with statuscode: 503',
    'image: registry.example/shop/checkout@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
    'the token was refused, and the password is wrong',
    'tokens per second 120, keys 7',
    'OOMKilled, last exit 137, 6 restarts',
    '',
  ])('%s', (line) => {
    expect(redact(line)).toBe(line);
  });

  test('whatever its words and numbers are, where none of them names a secret', () => {
    const plain = fc.oneof(
      of('abcdefghijklmnopqrstuvwxyz', { minLength: 1, maxLength: 9 }).filter(
        (each) => !/pass|secret|token|credential|authori|session|key|cookie|bearer|basic/.test(each),
      ),
      fc.integer().map(String),
      fc.constantFrom('12:00:02', 'a=b', '{"level":"error"}', '(ä🔥)', '10.0.0.7:8080', '[200]', '-', '\n'),
    );
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 30 }), (words) => {
        const text = words.join(' ');
        expect(redact(text)).toBe(text);
      }),
      run,
    );
  });
});

test('to redact twice changes nothing more', () => {
  const text = 'Authorization: Bearer abcdefghij; password="x y z", postgres://u:p@h/d, Cookie: a=b; c=d';
  expect(redact(redact(text))).toBe(redact(text));
});

test('a megabyte of noise is read in moderate time', () => {
  for (const noise of [
    'a'.repeat(1_000_000),
    'password='.repeat(100_000),
    'http://'.repeat(100_000),
    '\\"'.repeat(500_000),
  ]) {
    const began = performance.now();
    redact(noise);
    expect(performance.now() - began).toBeLessThan(5_000);
  }
});
