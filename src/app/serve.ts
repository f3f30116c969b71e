import { readFileSync } from 'node:fs';
import { DirectoryInUse, NoBinaries, WrongMajorVersion } from '../store/postgres/index.ts';
import { loadSettings } from '../settings/load.ts';
import type { LoadInput } from '../settings/load.ts';
import type { Settings } from '../settings/types.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Logger } from '../telemetry/logger.ts';
import { RulesError } from '../triage/store.ts';
import { startFirebreak } from './firebreak.ts';
import type { Running } from './firebreak.ts';
import { version } from './version.ts';

export interface ServeInput {
  readonly env: LoadInput['env'];
  readonly cwd: string;
  readonly overrides?: LoadInput['overrides'];
  /** For people: where it listens, what to try. */
  readonly say: (line: string) => void;
  /** For people: what is wrong. */
  readonly complain: (line: string) => void;
  /** Aborted by SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

/** Exit codes of the interface. */
const CLEAN = 0;
const FAILED = 1;
const BAD_CONFIGURATION = 2;

/** Serves until the signal. Returns the exit code; never throws. */
export async function serve(input: ServeInput): Promise<number> {
  const { env, cwd, overrides, complain } = input;
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const loaded = loadSettings({ env, cwd, readFile, ...(overrides === undefined ? {} : { overrides }) });
  if (!loaded.ok) {
    complain('The configuration cannot be used:');
    for (const { field, message } of loaded.problems) complain(`  ${field}: ${message}`);
    return BAD_CONFIGURATION;
  }
  const log = createLogger(loaded.settings.logLevel);
  try {
    const running = await startFirebreak({
      settings: loaded.settings,
      log,
      clock: { now: () => Date.now() },
      version: version(),
      signal: input.signal,
    });
    return await runUntilStopped(input, loaded.settings, running, log);
  } catch (error) {
    return failed(error, input, log);
  }
}

async function runUntilStopped(input: ServeInput, settings: Settings, running: Running, log: Logger): Promise<number> {
  announce(input.say, settings, running.url);
  await new Promise<void>((resolve) => {
    if (input.signal.aborted) resolve();
    else
      input.signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
  log.info({}, 'stopping: finishing what is under way');
  await running.stop();
  return CLEAN;
}

function failed(error: unknown, { complain, signal }: ServeInput, log: Logger): number {
  if (signal.aborted) return CLEAN;
  const message = error instanceof Error ? error.message : String(error);
  complain(message);
  if (error instanceof RulesError || error instanceof NoBinaries) return BAD_CONFIGURATION;
  if (!(error instanceof DirectoryInUse || error instanceof WrongMajorVersion)) log.error({ err: error }, 'failed');
  return FAILED;
}

/** The address, and one line that sends a genuine alert. */
function announce(say: (line: string) => void, settings: Settings, url: string): void {
  say(`Firebreak listens on ${url}`);
  if (settings.sandboxReason !== null)
    say(`Sandbox mode: effects are recorded and shown, not sent (${settings.sandboxReason}).`);
  say(`Console: ${settings.http.publicUrl ?? url}/   Incidents: ${url}/api/v1/incidents   Metrics: ${url}/metrics`);
  const open = settings.http.webhookAuth;
  if (open.bearerTokens.length + open.basic.length + open.hmacSecrets.length > 0) return;
  say('Send it an alert:');
  say(`  ${sampleCurl(url)}`);
}

function sampleCurl(url: string): string {
  const alert = {
    status: 'firing',
    labels: { alertname: 'CheckoutErrors', service: 'checkout', environment: 'production', severity: 'critical' },
    annotations: { summary: 'Checkout fails for most users', users_affected_percent: '95' },
  };
  return `curl -H 'Content-Type: application/json' -d '${JSON.stringify({ alerts: [alert] })}' ${url}/webhooks/alerts`;
}
