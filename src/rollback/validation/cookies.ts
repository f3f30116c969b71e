interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Without a `Domain` it goes back to the very host that set it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
}

/** The cookies of one journey, as far as a service needs them to recognise a visitor. */
export interface CookieJar {
  keep(setCookies: readonly string[], from: URL): void;
  /** The `Cookie` header for an address; empty when there is none to send. */
  headerFor(url: URL): string;
}

export function createCookieJar(now: () => number): CookieJar {
  let kept: readonly Cookie[] = [];
  return {
    keep: (setCookies, from) => {
      for (const line of setCookies) {
        const read = readCookie(line, from, now());
        if (read === null) continue;
        const others = kept.filter((cookie) => !isSame(cookie, read.cookie));
        kept = read.expired ? others : [...others, read.cookie];
      }
    },
    headerFor: (url) =>
      kept
        .filter((cookie) => goesTo(cookie, url))
        .sort((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
  };
}

const isSame = (a: Cookie, b: Cookie): boolean => a.name === b.name && a.domain === b.domain && a.path === b.path;

function readCookie(line: string, from: URL, now: number): { cookie: Cookie; expired: boolean } | null {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  if (at <= 0) return null;
  const attributes = new Map(rest.map((part) => attribute(part)));
  const asked = attributes.get('domain')?.toLowerCase().replace(/^\./, '') ?? '';
  // One host must not set cookies for another, nor for a whole top level.
  if (asked !== '' && asked !== from.hostname && !(asked.includes('.') && from.hostname.endsWith(`.${asked}`)))
    return null;
  const path = attributes.get('path') ?? '';
  const cookie: Cookie = {
    name: pair.slice(0, at).trim(),
    value: pair.slice(at + 1).trim(),
    domain: asked === '' ? from.hostname : asked,
    hostOnly: asked === '',
    path: path.startsWith('/') ? path : folderOf(from.pathname),
    secure: attributes.has('secure'),
  };
  return { cookie, expired: isExpired(attributes, now) };
}

const attribute = (part: string): [string, string] => {
  const at = part.indexOf('=');
  return at < 0 ? [part.toLowerCase(), ''] : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
};

const folderOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

function isExpired(attributes: ReadonlyMap<string, string>, now: number): boolean {
  const maxAge = attributes.get('max-age') ?? '';
  if (/^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  return Date.parse(attributes.get('expires') ?? '') <= now;
}

function goesTo({ domain, hostOnly, path, secure }: Cookie, { hostname, pathname, protocol }: URL): boolean {
  const sameHost = hostname === domain || (!hostOnly && hostname.endsWith(`.${domain}`));
  const below = pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
  return sameHost && below && (!secure || protocol === 'https:');
}
