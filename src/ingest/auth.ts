import type { IncomingHttpHeaders } from 'node:http';
import type { Secret } from '../domain/secret.ts';
import type { Source } from './ports.ts';
import { digest, isAmong, isRecent, isSigned, versionOnes, versionZeros } from './signature.ts';

export interface WebhookAuthOptions {
  readonly bearerTokens: readonly Secret[];
  readonly basic: readonly { readonly username: string; readonly password: Secret }[];
  readonly hmacSecrets: readonly Secret[];
  readonly pagerdutySecrets: readonly Secret[];
  /** Without any nothing is taken from Slack, wherever it comes from: its requests say who is acting. */
  readonly slackSecrets: readonly Secret[];
  /** Whether an endpoint for which nothing is configured is open: right only on loopback. */
  readonly loopbackWithoutCredentials: boolean;
}

export interface WebhookAuth {
  /** By the headers alone. `signature`: there is one, and `isSigned` decides when the body is there. */
  byHeaders(source: Source, headers: IncomingHttpHeaders): 'granted' | 'signature' | 'refused';
  /** By a signature over the very bytes that came. */
  isSigned(source: Source, headers: IncomingHttpHeaders, body: Buffer, now: number): boolean;
}

const PAGERDUTY_SIGNATURE = 'x-pagerduty-signature';
const SLACK_SIGNATURE = 'x-slack-signature';
const SLACK_TIMESTAMP = 'x-slack-request-timestamp';
const FIREBREAK_SIGNATURE = 'x-firebreak-signature';
const FIREBREAK_TIMESTAMP = 'x-firebreak-timestamp';
/** Grafana's default name, and the one to configure there for the time: it has no default and sends none without. */
const GRAFANA_SIGNATURE = 'x-grafana-alerting-signature';
const GRAFANA_TIMESTAMP = 'x-grafana-alerting-timestamp';

/**
 * Checks who is calling. Any of the configured credentials is enough, so that secrets can be rotated; PagerDuty's
 * and Slack's requests must be signed with one of their own.
 */
export function createWebhookAuth(options: WebhookAuthOptions): WebhookAuth {
  const tokens = options.bearerTokens.map((token) => digest(token.reveal()));
  const logins = options.basic.map(({ username, password }) => digest(`${username}:${password.reveal()}`));
  const hmacSecrets = options.hmacSecrets.map((secret) => secret.reveal());
  const pagerdutySecrets = options.pagerdutySecrets.map((secret) => secret.reveal());
  const slackSecrets = options.slackSecrets.map((secret) => secret.reveal());
  const isOpen = (configured: number): boolean => configured === 0 && options.loopbackWithoutCredentials;
  const open = isOpen(tokens.length + logins.length + hmacSecrets.length);
  const pagerdutyOpen = isOpen(pagerdutySecrets.length);

  const isKnown = (authorization: string): boolean => {
    const credentials = /^(bearer|basic) +(\S+) *$/i.exec(authorization);
    const given = credentials?.[2] ?? '';
    if (credentials === null) return false;
    if (credentials[1]?.toLowerCase() === 'bearer') return isAmong(digest(given), tokens);
    return isBase64(given) && isAmong(digest(Buffer.from(given, 'base64')), logins);
  };

  return {
    byHeaders(source, headers) {
      if (source === 'pagerduty') {
        if (pagerdutyOpen) return 'granted';
        return headers[PAGERDUTY_SIGNATURE] === undefined ? 'refused' : 'signature';
      }
      // Its check of our certificate comes without one, so the body has to be looked at.
      if (source === 'slack') return slackSecrets.length === 0 ? 'refused' : 'signature';
      if (open) return 'granted';
      if (headers.authorization !== undefined && isKnown(headers.authorization)) return 'granted';
      const signed = headers[FIREBREAK_SIGNATURE] !== undefined || headers[GRAFANA_SIGNATURE] !== undefined;
      return signed && hmacSecrets.length > 0 ? 'signature' : 'refused';
    },
    isSigned(source, headers, body, now) {
      if (source === 'pagerduty') {
        return isSigned(versionOnes(textOf(headers, PAGERDUTY_SIGNATURE)), [body], pagerdutySecrets);
      }
      if (source === 'slack') return isSignedBySlack(headers, body, now, slackSecrets);
      return isSignedByFirebreak(headers, body, now, hmacSecrets) || isSignedByGrafana(headers, body, now, hmacSecrets);
    },
  };
}

type CheckSignature = (headers: IncomingHttpHeaders, body: Buffer, now: number, secrets: readonly string[]) => boolean;

const isSignedByFirebreak: CheckSignature = (headers, body, now, secrets) => {
  const signatures = versionOnes(textOf(headers, FIREBREAK_SIGNATURE));
  const timestamp = textOf(headers, FIREBREAK_TIMESTAMP);
  return isRecent(timestamp, now) && isSigned(signatures, [`${timestamp}.`, body], secrets);
};

const isSignedBySlack: CheckSignature = (headers, body, now, secrets) => {
  const timestamp = textOf(headers, SLACK_TIMESTAMP);
  return (
    isRecent(timestamp, now) &&
    isSigned(versionZeros(textOf(headers, SLACK_SIGNATURE)), [`v0:${timestamp}:`, body], secrets)
  );
};

const isSignedByGrafana: CheckSignature = (headers, body, now, secrets) => {
  const signature = textOf(headers, GRAFANA_SIGNATURE).trim();
  if (headers[GRAFANA_TIMESTAMP] === undefined) return isSigned([signature], [body], secrets);
  const timestamp = textOf(headers, GRAFANA_TIMESTAMP);
  return isRecent(timestamp, now) && isSigned([signature], [`${timestamp}:`, body], secrets);
};

function textOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(text);
