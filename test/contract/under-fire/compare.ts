import { CHANNELS, type ChannelName, type EffectIntent } from '../../../src/domain/view.ts';
import { readLedger, type LedgerRow } from '../../../src/store/effects.ts';
import { readTimeline } from '../../../src/store/timeline.ts';
import type { Servers } from './servers.ts';
import type { World } from './world.ts';

/** What a server saw of an incident: the effects in the order in which they took effect, repeats too. */
type Seen = readonly { readonly effectId: string; readonly reference: string }[];

/** How the ledger differs from what the servers saw; empty: they are equal. */
export const differences = async (
  world: World,
  incidentId: string,
  effects: readonly EffectIntent[],
): Promise<readonly string[]> => {
  const ids = new Set(effects.map(({ id }) => id));
  const rows = (await readLedger(world.store.db, { incidentId }, 1_000)).filter(({ id }) => ids.has(id));
  const told = (await readTimeline(world.store.db, incidentId)).flatMap((event) =>
    event.type === 'notification-sent' ? [event.data.effectId] : [],
  );
  return [
    ...sameList(
      'the ledger',
      effects.map(({ id }) => id),
      rows.map(({ id }) => id),
    ),
    ...rows
      .filter(({ status }) => status !== 'delivered')
      .map(({ id, status, result }) => `${id} is ${status}: ${JSON.stringify(result)}`),
    // A refresh changes a message that is there, and is no news.
    ...sameList(
      'the timeline',
      rows
        .filter(({ kind }) => kind !== 'refresh')
        .map(({ id }) => id)
        .sort(),
      told.sort(),
    ),
    ...CHANNELS.flatMap((channel) => channelDifferences(world, channel, incidentId, rows)),
  ];
};

const channelDifferences = (
  world: World,
  channel: ChannelName,
  incidentId: string,
  ledger: readonly LedgerRow[],
): readonly string[] => {
  const rows = ledger.filter((row) => row.channel === channel);
  const seen = SEEN[channel](world.servers, incidentId, rows);
  const first = seen.filter(({ effectId }, i) => seen.findIndex((one) => one.effectId === effectId) === i);
  return [
    ...sameList(
      `what ${channel} saw`,
      rows.map(({ id }) => id),
      first.map(({ effectId }) => effectId),
    ),
    ...rows.flatMap((row) => repeated(world, row, seen)),
    ...rows.flatMap((row) => otherReference(row, first.find(({ effectId }) => effectId === row.id)?.reference)),
  ];
};

/** Channels through which nobody can look whether something is there already: a repeat carries the same id, as the cure. */
const BLIND: readonly string[] = ['email opened', 'email update', 'email resolved', 'pagerduty change'];

/** Nothing arrives twice where the channel allows to know, and elsewhere only after an attempt whose end nobody knows. */
const repeated = (world: World, { id, channel, kind }: LedgerRow, seen: Seen): readonly string[] => {
  const times = seen.filter(({ effectId }) => effectId === id).length;
  const unknown = world.failures.filter(
    ({ effectId, failure }) => effectId === id && failure.kind === 'ambiguous',
  ).length;
  const allowed = BLIND.includes(`${channel} ${kind}`) ? 1 + unknown : 1;
  return times <= allowed
    ? []
    : [`${id} arrived ${times} times, after ${unknown} attempts of which nobody knew the end`];
};

/** The receipt names what is out there. */
const otherReference = ({ id, result }: LedgerRow, reference: string | undefined): readonly string[] => {
  if (reference === undefined || reference === '') return [];
  return JSON.stringify(result).includes(JSON.stringify(reference))
    ? []
    : [`the receipt of ${id} does not name ${reference}`];
};

const sameList = (what: string, expected: readonly string[], found: readonly string[]): readonly string[] =>
  expected.join() === found.join() ? [] : [`${what}: expected ${expected.join(' ')}; found ${found.join(' ')}`];

type See = (servers: Servers, incidentId: string, rows: readonly LedgerRow[]) => Seen;

const SEEN: Readonly<Record<ChannelName, See>> = {
  pagerduty: ({ pagerduty }, incidentId, rows) => {
    const dedupKey = `firebreak-${incidentId}`;
    const kinds = pagerduty.requests
      .filter(({ applied, raw }) => applied && (raw.includes(`"${dedupKey}"`) || raw.includes(`"${incidentId}"`)))
      .map(({ raw }) => (JSON.parse(raw) as { event_action?: string }).event_action ?? 'change');
    // What is repeated for an alert that is open wakes nobody: an action counts once. Each change is a line of its own.
    const seen = kinds.filter((kind, i) => kind === 'change' || kinds.indexOf(kind) === i);
    const alerts = pagerduty.alerts.filter((alert) => alert.dedupKey === dedupKey);
    const ends = rows.some(({ kind }) => kind === 'resolve');
    const isWell = alerts.length <= 1 && alerts.every(({ state }) => !ends || state === 'resolved');
    const wrong = isWell ? [] : [{ effectId: 'another page, or one that nobody resolved', reference: '' }];
    const idOf = (wanted: string): string => rows.find(({ kind }) => kind === wanted)?.id ?? wanted;
    return [...seen.map((kind) => ({ effectId: idOf(kind), reference: kind === 'change' ? '' : dedupKey })), ...wrong];
  },
  'pagerduty-notes': ({ 'pagerduty-notes': rest }, incidentId, rows) =>
    (rest.notes.get(`P-firebreak-${incidentId}`) ?? []).map(({ id, content }) => ({
      reference: id,
      effectId: rows.find(({ message }) => content.endsWith(` ${message}`))?.id ?? content,
    })),
  slack: ({ slack }, incidentId, rows) => {
    const messages = [...slack.channels.values()]
      .flat()
      .filter(({ metadata }) => metadata?.event_payload['incident_id'] === incidentId)
      .map(({ ts, metadata, edits }) => ({
        reference: ts,
        effectId: String(metadata?.event_payload['effect_id']),
        edits,
      }));
    const refresh = rows.find(({ kind }) => kind === 'refresh');
    // An edit leaves no trace of its own but the number of edits; it came after the first line under the message.
    return messages.flatMap(({ effectId, reference }, i) =>
      refresh !== undefined && i === 1 && (messages[0]?.edits ?? 0) > 0
        ? [
            { effectId, reference },
            { effectId: refresh.id, reference: messages[0]!.reference },
          ]
        : [{ effectId, reference }],
    );
  },
  email: ({ email }, incidentId, rows) =>
    email.mails
      .filter(({ parsed }) => parsed.headers.get('x-firebreak-incident') === incidentId)
      .map(({ parsed }) => {
        const reference = parsed.messageId ?? '';
        const row = rows.find(({ result }) => JSON.stringify(result).includes(JSON.stringify(reference)));
        return { effectId: row?.id ?? reference, reference };
      }),
  statuspage: ({ statuspage }, incidentId, rows) =>
    statuspage.incidents
      .filter(({ metadata }) => (metadata['firebreak'] as { incident?: string } | undefined)?.incident === incidentId)
      .flatMap(({ id, updates }) =>
        updates.map(({ body }) => ({ reference: id, effectId: rows.find((row) => row.message === body)?.id ?? body })),
      ),
  webhook: ({ webhook }, incidentId) =>
    webhook.received
      .filter(({ body }) => (body['incident'] as { id: string }).id === incidentId)
      .map(({ idempotencyKey }) => ({ effectId: idempotencyKey, reference: '' })),
};
