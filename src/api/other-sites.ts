import { isIP } from 'node:net';
import type { Request } from 'express';
import { ApiError } from './errors.ts';

/**
 * Throws 403 when the request comes from a page that is not ours. Two ways lead here: a foreign page posts to this
 * address (the browser then names the page's origin), or a foreign name is pointed at this address (then the request
 * carries that name as its host).
 */
export function refuseOtherSites(request: Request): void {
  const { host, origin } = request.headers;
  if (!isOurs(host)) {
    throw new ApiError('forbidden', 'Without an API token this address answers only as localhost or by IP address');
  }
  if (fromAnotherPage(request.headers['sec-fetch-site'], origin, host, request.method)) {
    throw new ApiError('forbidden', 'Another site may not use this one without an API token');
  }
}

/** An address cannot be pointed elsewhere and neither can localhost; no host at all is not a browser. */
function isOurs(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function fromAnotherPage(
  site: string | string[] | undefined,
  origin: string | undefined,
  host: string | undefined,
  method: string,
): boolean {
  // Following a link to us is fine: the page that has it does not see the answer.
  if (method === 'GET' || method === 'HEAD') return false;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}
