import type { ChainFault, StoredEvent } from '../domain/incident/chain.ts';
import { GENESIS, parseEvent, verifyChain } from '../domain/incident/chain.ts';
import type { EventType, IncidentEvent } from '../domain/incident/events.ts';
import { fold } from '../domain/incident/evolve.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Database } from './database.ts';
import { sql } from './database.ts';

interface EventRow {
  incident_id: string;
  seq: number;
  type: EventType;
  body: string;
  previous_hash: string;
  hash: string;
}

async function readStored(db: Database, incidentId: string): Promise<readonly StoredEvent[]> {
  const { rows } = await sql<EventRow>`
    select incident_id, seq, type, body, previous_hash, hash from incident_events
    where incident_id = ${incidentId} order by seq`.execute(db);
  return rows.map((row) => ({
    incidentId: row.incident_id,
    seq: row.seq,
    type: row.type,
    body: row.body,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

export async function readTimeline(db: Database, incidentId: string): Promise<readonly IncidentEvent[]> {
  return (await readStored(db, incidentId)).map(parseEvent);
}

export type TimelineFault =
  | ChainFault
  | { readonly kind: 'cut-short'; readonly seq: number }
  | { readonly kind: 'projection-differs'; readonly seq: number };

/**
 * Proves one incident: every event is what was written, none is missing (the projection knows how many there are), and
 * folding them gives the projection. Null when all of it holds.
 */
export async function verifyTimeline(db: Database, incidentId: string): Promise<TimelineFault | null> {
  const stored = await readStored(db, incidentId);
  const fault = verifyChain(stored);
  if (fault !== null) return fault;
  const { rows } = await sql<ProjectionRow>`
    select version, head_hash, state, correlation_key, status, severity, service, environment, opened_at
    from incidents where id = ${incidentId}`.execute(db);
  const row = rows[0];
  const head = stored.at(-1);
  if (row === undefined || row.version !== (head?.seq ?? 0) || row.head_hash !== (head?.hash ?? GENESIS)) {
    return { kind: 'cut-short', seq: head?.seq ?? 0 };
  }
  const folded = fold(stored.map(parseEvent));
  const same = sameJson(JSON.parse(JSON.stringify(folded)), row.state) && folded !== null && sameColumns(folded, row);
  return same ? null : { kind: 'projection-differs', seq: row.version };
}

interface ProjectionRow {
  version: number;
  head_hash: string;
  state: unknown;
  correlation_key: string;
  status: string;
  severity: string;
  service: string | null;
  environment: string | null;
  opened_at: Date;
}

/** Lists and metrics read these beside the state. */
const sameColumns = (state: IncidentState, row: ProjectionRow): boolean =>
  row.correlation_key === state.correlationKey &&
  row.status === state.status &&
  row.severity === (state.severity ?? 'P2') &&
  row.service === state.service &&
  row.environment === state.environment &&
  row.opened_at.toISOString() === state.openedAt;

/** Every incident with a fault, page by page so that memory stays flat. */
export async function verifyAll(db: Database): Promise<{
  readonly checked: number;
  readonly faults: readonly { readonly id: string; readonly fault: TimelineFault }[];
}> {
  const faults: { id: string; fault: TimelineFault }[] = [];
  let after = '';
  let checked = 0;
  for (;;) {
    const { rows } = await sql<{ id: string }>`
      select id from (select id from incidents union select distinct incident_id from incident_events) as known
      where id > ${after} order by id limit 500`.execute(db);
    for (const { id } of rows) {
      const fault = await verifyTimeline(db, id);
      if (fault !== null) faults.push({ id, fault });
      checked += 1;
      after = id;
    }
    if (rows.length < 500) return { checked, faults };
  }
}

/** jsonb reorders keys, so compare what they say and not how it is written. */
function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
