import { BlockList, isIP, isIPv6 } from 'node:net';

import type { Config } from './schema/root.ts';
import type { Problem } from './types.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** True for addresses that only this machine can reach. Names are not looked up: only `localhost` is known. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** Why effects are recorded and not sent, in words; null when they are sent. */
export function sandboxReason(config: Config): string | null {
  if (config.sandbox) return 'the configuration says sandbox: true';
  if (!isLoopback(config.http.host) || hasCredential(config)) return null;
  return `listening on ${config.http.host}, which only this machine can reach, and no credential is configured`;
}

/** Any of these says that somebody means to reach, or to be reached by, the world outside. */
function hasCredential(config: Config): boolean {
  const { pagerduty, slack, statuspage, email, argocd } = config;
  return (
    hasWebhookAuth(config) ||
    config.api.tokens.length > 0 ||
    [pagerduty, slack, statuspage, email, argocd].some((channel) => channel !== null) ||
    config.webhooks.length > 0 ||
    Object.keys(config.kubernetes.clusters).length > 0 ||
    Object.keys(config.rollbackWebhooks).length > 0 ||
    config.commands.allowed.length > 0 ||
    Object.values(config.services).some((service) => service.pagerdutyRoutingKey !== null)
  );
}

function hasWebhookAuth({ http: { webhookAuth: auth } }: Config): boolean {
  return auth.bearerTokens.length + auth.basic.length + auth.hmacSecrets.length > 0;
}

/** Where others can reach us, nobody may send alerts or use the API without proving who they are; sandbox or not. */
export function missingCredentials(config: Config): Problem[] {
  const { host } = config.http;
  if (isLoopback(host)) return [];
  const others = `listening on ${host}, which other machines can reach, needs`;
  const problems: Problem[] = [];
  if (!hasWebhookAuth(config)) {
    const message = `${others} at least one of bearerTokens, basic and hmacSecrets`;
    problems.push({ field: 'http.webhookAuth', message });
  }
  if (config.api.tokens.length === 0) {
    problems.push({ field: 'api.tokens', message: `${others} at least one token here or in FIREBREAK_API_TOKENS` });
  }
  return problems;
}
