import type { Alertmanager } from '../../clients/alertmanager.ts';
import type { ListedAlert, ListedSilence } from '../../clients/alertmanager-answers.ts';
import type { Suppression } from '../../domain/reconciliation.ts';
import { quietOf } from '../../domain/reconciliation.ts';
import { iso, ms } from '../../domain/time.ts';
import type { FiringInIncident } from '../../store/reconciliation.ts';
import type { Logger } from '../../telemetry/logger.ts';

/**
 * Told in every round of each incident in which something fires. Null: something of it can be heard. To say the same twice
 * must change nothing. `until` is RFC 3339, null when it is not known.
 */
export type QuietSink = (
  incidentId: string,
  quiet: { readonly because: string; readonly until: string | null } | null,
) => Promise<void>;

interface QuietDeps {
  readonly alertmanager: Alertmanager;
  readonly sink: QuietSink;
  readonly log: Logger;
}

/** A silenced or inhibited alert has not resolved: its incident lives on, and is quiet when all that fires in it is. */
export async function reportQuiet(
  { alertmanager, sink, log }: QuietDeps,
  firing: readonly FiringInIncident[],
  listed: ReadonlyMap<string, ListedAlert>,
  signal: AbortSignal,
): Promise<void> {
  const silences = await silencesOf(alertmanager, listed, signal);
  for (const [incidentId, alerts] of Map.groupBy(firing, (each) => each.incidentId)) {
    const quiet = quietOf(
      alerts.map(({ source, fingerprint }) => {
        const alert = source === 'alertmanager' ? listed.get(fingerprint) : undefined;
        return alert === undefined ? null : suppressionOf(alert, silences, listed);
      }),
    );
    const told = quiet === null ? null : { ...quiet, until: quiet.until === null ? null : iso(quiet.until) };
    await sink(incidentId, told).catch((error: unknown) => {
      log.warn({ err: error, incidentId }, 'an incident could not be told whether it is silenced');
    });
  }
}

/** Who silenced it and until when. Without an answer the alerts are silenced all the same, and nobody knows by whom. */
async function silencesOf(
  alertmanager: Alertmanager,
  listed: ReadonlyMap<string, ListedAlert>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ListedSilence>> {
  if (![...listed.values()].some(({ status }) => status.silencedBy.length > 0)) return new Map();
  const answer = await alertmanager.silences(signal);
  return new Map(answer.ok ? answer.value.map((silence) => [silence.id, silence]) : []);
}

const LONGEST_COMMENT = 200;

function suppressionOf(
  { status }: ListedAlert,
  silences: ReadonlyMap<string, ListedSilence>,
  listed: ReadonlyMap<string, ListedAlert>,
): Suppression | null {
  if (status.state !== 'suppressed') return null;
  const known = status.silencedBy.flatMap((id) => silences.get(id) ?? []);
  // Of several silences the last one to end sets it free.
  const [last] = [...known].sort((a, b) => ms(b.endsAt) - ms(a.endsAt));
  if (last !== undefined) {
    const comment = last.comment === '' ? '' : `: ${last.comment.slice(0, LONGEST_COMMENT)}`;
    return { because: `silenced in Alertmanager by ${last.createdBy || 'somebody'}${comment}`, until: ms(last.endsAt) };
  }
  if (status.silencedBy.length > 0) return { because: 'silenced in Alertmanager', until: null };
  const [inhibitor] = status.inhibitedBy;
  const name = inhibitor === undefined ? undefined : listed.get(inhibitor)?.labels['alertname'];
  if (status.inhibitedBy.length === 0) return { because: 'muted by a time interval in Alertmanager', until: null };
  return { because: `inhibited in Alertmanager${name === undefined ? '' : ` by ${name}`}`, until: null };
}
