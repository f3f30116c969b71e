import type { ConfigProblem, RuleProblem } from '../cli/ports.ts';
import { BadConfiguration } from '../cli/ports.ts';
import type { Settings } from '../settings/types.ts';
import { NoBinaries } from '../store/postgres/index.ts';
import { createLogger } from '../telemetry/logger.ts';
import { checkFactQueries } from '../triage/query-facts.ts';
import { RulesError } from '../triage/store.ts';
import { startFirebreak } from './firebreak.ts';
import { version } from './version.ts';

export interface ServeInput {
  readonly settings: Settings;
  readonly now: () => number;
  /** Where it listens and what to try, as lines for people or as one JSON object. */
  readonly say: (line: string) => void;
  readonly json: boolean;
  /** Aborted by SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

const CLEAN = 0;

/** Serves until the signal and then drains. Throws BadConfiguration, or why it could not start or stop. */
export async function serve({ settings, now, say, json, signal }: ServeInput): Promise<number> {
  const badQueries = checkFactQueries(settings.policy);
  if (badQueries.length > 0) throw new BadConfiguration(badQueries);
  const log = createLogger(settings.logLevel);
  const started = startFirebreak({ settings, log, clock: { now }, version: version(), signal });
  const running = await started.catch((error: unknown) => {
    if (signal.aborted) return null;
    throw asConfiguration(error);
  });
  if (running === null) return CLEAN;
  announce(say, json, settings, running.url);
  await aborted(signal);
  log.info({}, 'stopping: finishing what is under way');
  await running.stop();
  return CLEAN;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });

/** Rules that cannot be used, and a platform without our own server, are for whoever configures it. */
function asConfiguration(error: unknown): unknown {
  if (error instanceof RulesError) {
    return new BadConfiguration(error.problems.map(asConfigProblem));
  }
  return error instanceof NoBinaries
    ? new BadConfiguration([{ field: 'database.url', message: error.message }])
    : error;
}

/** A mistake in a rule file, as a mistake of the configuration. */
export const asConfigProblem = ({ file, rule, field, message }: RuleProblem): ConfigProblem => ({
  field: `${file}${rule === null ? '' : ` rule "${rule}"`}${field}`,
  message,
});

/** The address, and one line that sends a genuine alert. */
function announce(say: (line: string) => void, json: boolean, settings: Settings, url: string): void {
  const { sandboxReason: sandbox, http } = settings;
  const { bearerTokens, basic, hmacSecrets } = http.webhookAuth;
  const open = bearerTokens.length + basic.length + hmacSecrets.length === 0;
  const tryIt = open ? sampleCurl(url) : null;
  if (json) {
    say(JSON.stringify({ url, sandbox, tryIt }));
    return;
  }
  say(`Firebreak listens on ${url}`);
  if (sandbox !== null) say(`Sandbox mode: effects are recorded and shown, not sent (${sandbox}).`);
  say(`Console: ${http.publicUrl ?? url}/   Incidents: ${url}/api/v1/incidents   Metrics: ${url}/metrics`);
  if (tryIt !== null) say(`Send it an alert:\n  ${tryIt}`);
}

function sampleCurl(url: string): string {
  const alert = {
    status: 'firing',
    labels: { alertname: 'CheckoutErrors', service: 'checkout', environment: 'production', severity: 'critical' },
    annotations: { summary: 'Checkout fails for most users', users_affected_percent: '95' },
  };
  return `curl -H 'Content-Type: application/json' -d '${JSON.stringify({ alerts: [alert] })}' ${url}/webhooks/alerts`;
}
