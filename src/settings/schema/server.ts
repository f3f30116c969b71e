import { isIPv6 } from 'node:net';

import { z } from 'zod';

import type { Secret } from '../../domain/secret.ts';
import { LOG_LEVELS, ROLES } from '../types.ts';
import { baseUrl, eachRepeated, group, list, name, orNull, section, text } from './primitives.ts';
import type { SecretSchema } from './primitives.ts';

const MIB = 1024 * 1024;

/** `[::1]` is written as in a URL; sockets want it bare. */
const host = text
  .transform((value) => value.replace(/^\[(.*)\]$/, '$1'))
  .refine((value) => isIPv6(value) || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value), {
    error: 'expected a host name or an IP address, without scheme and port',
  });

const webhookAuth = (secret: SecretSchema) =>
  section({
    bearerTokens: list(secret),
    // A colon ends the user name in the header.
    basic: list(group({ username: text.regex(/^[^:]*$/, 'must not have a colon'), password: secret })),
    hmacSecrets: list(secret),
  });

export const httpSchema = (secret: SecretSchema) =>
  section({
    host: host.default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(8080),
    publicUrl: orNull(baseUrl),
    maxBodyBytes: z
      .int()
      .min(1024)
      .max(256 * MIB)
      .default(8 * MIB),
    webhookAuth: webhookAuth(secret),
  });

export const apiSchema = (secret: SecretSchema) =>
  section({
    tokens: list(group({ name, role: z.enum(ROLES), token: secret })).superRefine((tokens, context) => {
      const report = (key: string) => (index: number) => {
        context.addIssue({ code: 'custom', path: [index, key], message: `the same ${key} as an earlier entry` });
      };
      eachRepeated(
        tokens.map((token) => token.name),
        report('name'),
      );
      // One token must mean one person and one role.
      eachRepeated(
        tokens.map((token) => token.token.reveal()),
        report('token'),
      );
    }),
  });

export const databaseSchema = (secret: SecretSchema) =>
  section({
    url: secret.prefault('embedded:./data/postgres').refine((url) => isDatabaseUrl(url), {
      error: 'expected embedded:<directory>, postgres://… or postgresql://…',
    }),
  });

function isDatabaseUrl(url: Secret): boolean {
  const value = url.reveal();
  if (value.startsWith('embedded:')) return value.slice('embedded:'.length).trim() !== '';
  return /^postgres(ql)?:\/\//.test(value) && URL.canParse(value);
}

export const logLevel = z.enum(LOG_LEVELS).default('info');
