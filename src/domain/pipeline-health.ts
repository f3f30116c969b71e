/*
 * What is wrong with the way that alerts take to us. An alert that never comes opens no incident, so that it does not come
 * has to open one.
 */

/** One thing that is wrong. Each cause has one incident, however often it is found. Times in epoch milliseconds. */
export interface Trouble {
  /** Stable and bounded: made of configured or built-in words only, never of what a request holds. */
  readonly cause: string;
  readonly alertname:
    | 'FirebreakSourceSilent'
    | 'FirebreakWebhookRefused'
    | 'FirebreakPagerDutyRefused'
    | 'FirebreakDependencyUnreachable';
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  /** What to do about it. */
  readonly description: string;
  readonly since: number;
}

export interface HeartbeatSeen {
  readonly source: string;
  readonly name: string;
  readonly lastSeenAt: number;
}

/** Requests to one endpoint that were turned away for one reason: their senders do not send them again. */
export interface Refusals {
  readonly source: string;
  readonly code: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Of those that came with credentials or a signature: how many since the last request that was accepted. */
  readonly inARow: number;
}

export interface PipelineObservation {
  readonly heartbeats: readonly HeartbeatSeen[];
  /** Names of alerts that are heartbeats by the configuration. */
  readonly watched: readonly string[];
  readonly heartbeatMs: number;
  /** Since when we could have heard anything. */
  readonly listeningSince: number;
  readonly refusals: readonly Refusals[];
  readonly failing: readonly { readonly name: string; readonly since: number; readonly failure: string }[];
  /** Causes that are known already: they end when they are over, and not because somebody who knows less looks. */
  readonly standing: ReadonlySet<string>;
  readonly now: number;
}

const MINUTE_MS = 60_000;
/** A single wrong request may be a person's who tries something out. */
const REFUSALS_THAT_REPEAT = 3;
/** What was refused so long ago, with nothing since, is over. It is longer than most pauses between two notifications. */
export const REFUSALS_SPELL_MS = 30 * MINUTE_MS;
/** PagerDuty stops sending after three refusals in a row, for a day. */
const PAGERDUTY_WARNS = 2;
const PAGERDUTY_DISABLES = 3;
const PAGERDUTY_SILENT_MS = 24 * 60 * MINUTE_MS;
const UNREACHABLE_MS = 3 * MINUTE_MS;

/** Everything that is wrong, by cause. */
export function troublesOf(seen: PipelineObservation): readonly Trouble[] {
  return [...silences(seen), ...refused(seen), ...pagerduty(seen), ...unreachable(seen)];
}

function silences(seen: PipelineObservation): readonly Trouble[] {
  const { heartbeats, watched, heartbeatMs, listeningSince, standing, now } = seen;
  return heartbeats.flatMap(({ source, name, lastSeenAt }) => {
    if (!watched.includes(name) || now - lastSeenAt <= heartbeatMs) return [];
    const cause = `silent/${source}/${name}`;
    // What came while we were down or could not store anything is not missing.
    if (!standing.has(cause) && now - listeningSince <= heartbeatMs) return [];
    const minutes = Math.round(heartbeatMs / MINUTE_MS);
    return [
      {
        cause,
        alertname: 'FirebreakSourceSilent' as const,
        severity: 'critical' as const,
        summary: `The heartbeat ${name} from ${source} has stopped: alerts may not arrive`,
        description:
          `It always fires, and was not delivered for more than ${minutes} min (correlation.heartbeatSeconds). Look at ` +
          'Prometheus, at Alertmanager and its route to Firebreak, and at the network in between.',
        since: lastSeenAt,
      },
    ];
  });
}

function refused({ refusals, now }: PipelineObservation): readonly Trouble[] {
  return refusals
    .filter(({ count, code, lastAt }) => {
      // One delivery that is too large is lost with all its alerts.
      const enough = count >= (code === 'too-large' ? 1 : REFUSALS_THAT_REPEAT);
      return enough && now - lastAt < REFUSALS_SPELL_MS;
    })
    .map(({ source, code, firstAt }) => ({
      cause: `refused/${source}/${code}`,
      alertname: 'FirebreakWebhookRefused' as const,
      severity: 'critical' as const,
      summary: `Deliveries to /webhooks/${pathOf(source)} are refused (${code}), and what they said is lost`,
      description: REMEDIES[code] ?? 'The answer to the sender and the log say what is wrong with them.',
      since: firstAt,
    }));
}

const REMEDIES: Readonly<Record<string, string>> = {
  unauthorized:
    'Their credentials are missing or wrong: compare what the sender uses with http.webhookAuth. Their senders do not send them again.',
  'too-large': 'They are larger than http.maxBodyBytes: raise it, or group alerts in smaller groups.',
};

const pathOf = (source: string): string => (source === 'generic' ? 'alerts' : source);

function pagerduty({ refusals, now }: PipelineObservation): readonly Trouble[] {
  const rows = refusals.filter(({ source, lastAt }) => source === 'pagerduty' && now - lastAt < PAGERDUTY_SILENT_MS);
  const inARow = rows.reduce((sum, row) => sum + row.inARow, 0);
  if (inARow < PAGERDUTY_WARNS) return [];
  const disabled = inARow >= PAGERDUTY_DISABLES;
  return [
    {
      cause: 'pagerduty-refused',
      alertname: 'FirebreakPagerDutyRefused',
      severity: disabled ? 'critical' : 'warning',
      summary: disabled
        ? 'PagerDuty was refused three times in a row: it stops sending for a day'
        : 'PagerDuty was refused twice in a row: after a third time it stops sending for a day',
      description:
        'Compare pagerduty.webhookSecrets with the secret of the webhook subscription in PagerDuty. When it has been ' +
        'disabled, enable it again there.',
      since: Math.max(...rows.map(({ lastAt }) => lastAt)),
    },
  ];
}

function unreachable({ failing, now }: PipelineObservation): readonly Trouble[] {
  return failing
    .filter(({ since }) => now - since >= UNREACHABLE_MS)
    .map(({ name, since, failure }) => ({
      cause: `unreachable/${name}`,
      alertname: 'FirebreakDependencyUnreachable' as const,
      severity: 'warning' as const,
      summary: `${name} does not answer: ${CONSEQUENCES[name] ?? 'what depends on it is unknown'}`,
      description: `The last answer: ${failure}. See ${name}.url in the configuration, or run firebreak doctor.`,
      since,
    }));
}

const CONSEQUENCES: Readonly<Record<string, string>> = {
  prometheus: 'nothing is measured, and no rollback can be proven',
  alertmanager: 'lost resolves and silences are not noticed',
};
