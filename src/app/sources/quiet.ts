import type { Alertmanager } from '../../clients/alertmanager.ts';
import type { ListedAlert, ListedSilence } from '../../clients/alertmanager-answers.ts';
import type { Suppression } from '../../domain/reconciliation.ts';
import { quietOf } from '../../domain/reconciliation.ts';
import { iso, ms } from '../../domain/time.ts';
import type { Command } from '../../domain/incident/commands.ts';
import { readIncident } from '../../store/incidents.ts';
import type { FiringInIncident } from '../../store/reconciliation.ts';
import { silencedIncidents } from '../../store/reconciliation.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Commander } from '../commander.ts';

/**
 * Told in every round of each incident in which something fires. Null: something of it can be heard. To say the same twice
 * must change nothing. `until` is RFC 3339, null when it is not known.
 */
export type QuietSink = (
  incidentId: string,
  quiet: { readonly because: string; readonly until: string | null } | null,
) => Promise<void>;

/** Tells the incident when it is news to it. */
export function createQuietSink(store: Store, commander: Commander): QuietSink {
  return async (incidentId, quiet) => {
    const loaded = await readIncident(store.db, incidentId);
    const known = loaded?.state.quiet.find(({ kind }) => kind === 'silenced');
    if (known?.because === quiet?.because && known?.until === quiet?.until) return;
    const command: Command =
      quiet === null
        ? { kind: 'clear-quiet', of: 'silenced', because: 'not all that fires is silenced in Alertmanager any more' }
        : { kind: 'set-quiet', quiet: { kind: 'silenced', ...quiet } };
    await commander.handle(incidentId, [command]);
  };
}

interface QuietDeps {
  readonly store: Store;
  readonly alertmanager: Alertmanager;
  readonly sink: QuietSink;
  readonly log: Logger;
}

/** A silenced or inhibited alert has not resolved: its incident lives on, and is quiet when all that fires in it is. */
export async function reportQuiet(
  { store, alertmanager, sink, log }: QuietDeps,
  firing: readonly FiringInIncident[],
  listed: ReadonlyMap<string, ListedAlert>,
  signal: AbortSignal,
): Promise<void> {
  const silences = await silencesOf(alertmanager, listed, signal);
  const tell = (incidentId: string, quiet: Parameters<QuietSink>[1]): Promise<void> =>
    sink(incidentId, quiet).catch((error: unknown) => {
      log.warn({ err: error, incidentId }, 'an incident could not be told whether it is silenced');
    });
  const byIncident = Map.groupBy(firing, (each) => each.incidentId);
  for (const [incidentId, alerts] of byIncident) {
    const known = alerts.flatMap((each) => heardOf(each, silences, listed));
    if (known.length === 0) continue;
    const quiet = quietOf(known);
    await tell(incidentId, quiet === null ? null : { ...quiet, until: quiet.until === null ? null : iso(quiet.until) });
  }
  // Nothing fires there any more, and what comes next must be heard at once.
  for (const id of await silencedIncidents(store.db)) if (!byIncident.has(id)) await tell(id, null);
}

/**
 * Null: it can be heard. Nothing: it was listed and is not any more, so it has ended and its resolve is on its way or
 * lost, which is no reason to wake anybody; a silence holds resolves back, too.
 */
function heardOf(
  { source, fingerprint, sighting }: FiringInIncident,
  silences: ReadonlyMap<string, ListedSilence>,
  listed: ReadonlyMap<string, ListedAlert>,
): readonly (Suppression | null)[] {
  if (source !== 'alertmanager') return [null];
  const alert = listed.get(fingerprint);
  if (alert !== undefined) return [suppressionOf(alert, silences, listed)];
  return sighting?.listedAt == null ? [null] : [];
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
