import { createCookieJar } from '../../src/rollback/validation/cookies.ts';

const NOW = Date.UTC(2026, 0, 1);
/** What goes to `to` after `from` has set `cookies`. */
const sent = (cookies: readonly string[], to: string, from = 'https://shop.example.com/account/login'): string => {
  const jar = createCookieJar(() => NOW);
  jar.keep(cookies, new URL(from));
  return jar.headerFor(new URL(to));
};

test.each<[string, string[], string, string]>([
  ['the same host and folder', ['a=1'], 'https://shop.example.com/account/me', 'a=1'],
  ['another folder', ['a=1'], 'https://shop.example.com/cart', ''],
  ['a folder with the same beginning', ['a=1'], 'https://shop.example.com/accounts', ''],
  ['the whole host', ['a=1; Path=/'], 'https://shop.example.com/cart', 'a=1'],
  ['another host', ['a=1; Path=/'], 'https://api.example.com/', ''],
  ['a host below, when said', ['a=1; Path=/; Domain=.example.com'], 'https://api.example.com/', 'a=1'],
  ['a host below, when not said', ['a=1; Path=/'], 'https://x.shop.example.com/', ''],
  ['a foreign domain', ['a=1; Path=/; Domain=other.org'], 'https://other.org/', ''],
  ['a domain that only ends alike', ['a=1; Path=/; Domain=p.example.com'], 'https://p.example.com/', ''],
  ['a top level', ['a=1; Path=/; Domain=com'], 'https://other.com/', ''],
  ['secure, without TLS', ['a=1; Path=/; Secure'], 'http://shop.example.com/', ''],
  ['secure', ['a=1; Path=/; Secure'], 'https://shop.example.com/', 'a=1'],
  ['two, the longer path first', ['b=2; Path=/', 'a=1'], 'https://shop.example.com/account/x', 'a=1; b=2'],
  ['a new value', ['a=1', 'a=2'], 'https://shop.example.com/account/x', 'a=2'],
  ['taken back', ['a=1', 'a=; Max-Age=0'], 'https://shop.example.com/account/x', ''],
  [
    'taken back by date',
    ['a=1', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    'https://shop.example.com/account/x',
    '',
  ],
  ['for longer', ['a=1; Expires=Fri, 01 Jan 2027 00:00:00 GMT'], 'https://shop.example.com/account/x', 'a=1'],
  ['what is none', ['nonsense', '=x', ''], 'https://shop.example.com/account/x', ''],
])('%s', (_, cookies, to, expected) => {
  expect(sent(cookies, to)).toBe(expected);
});
