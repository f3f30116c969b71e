import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { Secret } from '../domain/secret.ts';
import { ApiError } from './errors.ts';
import { refuseOtherSites } from './other-sites.ts';
import type { Role } from './ports.ts';

export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  readonly token: Secret;
}

export interface Caller {
  readonly name: string;
  readonly role: Role;
}

export interface Gate {
  /** Who is calling. Throws 401 when nobody says so, 403 when a page of another site drives the browser. */
  identify(request: Request): Caller;
  /** The same, and throws 403 when the caller may not do what needs `role`. */
  admit(request: Request, role: Role): Caller;
}

const RANK: Readonly<Record<Role, number>> = { viewer: 0, responder: 1, admin: 2 };
const LOCAL: Caller = { name: 'local', role: 'admin' };

/** `openWithoutCredentials` is for loopback with nothing configured: then whoever calls is the person at this machine. */
export function createGate(tokens: readonly ApiToken[], openWithoutCredentials: boolean): Gate {
  const known = tokens.map(({ name, role, token }) => ({ caller: { name, role }, digest: digest(token.reveal()) }));

  const identify = (request: Request): Caller => {
    const given = bearer(request.headers.authorization);
    const caller = given === null ? null : match(known, given);
    if (caller !== null) return caller;
    if (!openWithoutCredentials) throw unauthorized(given);
    // A token proves that its bearer means it. Without one the browser itself is the credential, and must not be led.
    refuseOtherSites(request);
    return LOCAL;
  };

  const admit = (request: Request, role: Role): Caller => {
    const caller = identify(request);
    if (RANK[caller.role] >= RANK[role]) return caller;
    throw new ApiError('forbidden', `This needs the role ${role}; ${caller.name} is ${caller.role}`);
  };

  return { identify, admit };
}

interface Known {
  readonly caller: Caller;
  readonly digest: Buffer;
}

/** Digests have one length and every one is compared, so time says nothing about the tokens. */
function match(known: readonly Known[], given: string): Caller | null {
  const candidate = digest(given);
  let found: Caller | null = null;
  for (const { caller, digest: expected } of known) {
    if (timingSafeEqual(candidate, expected)) found = caller;
  }
  return found;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const bearer = (header: string | undefined): string | null => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;

function unauthorized(given: string | null): ApiError {
  const challenge = 'Bearer realm="firebreak"';
  return given === null
    ? new ApiError('unauthorized', 'Send an API token: Authorization: Bearer …', {
        headers: { 'WWW-Authenticate': challenge },
      })
    : new ApiError('unauthorized', 'This API token is not known', {
        headers: { 'WWW-Authenticate': `${challenge}, error="invalid_token"` },
      });
}
