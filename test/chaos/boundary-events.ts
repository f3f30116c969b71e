import type { JsonObject } from '../../src/domain/json.ts';
import type { Database } from '../../src/store/database.ts';
import { sql } from '../../src/store/database.ts';

/** An event of the only incident in a database. */
export interface BoundaryEvent {
  /** Its type, what tells it from others of its type, and the how-many-th of these it is. */
  readonly label: string;
  readonly type: string;
  readonly data: JsonObject;
  /** The transaction that wrote it. */
  readonly commit: string;
}

/** Also seen by the transaction that is about to commit them. `xmin` is the transaction that wrote a row. */
export const READ_EVENTS = 'select body, xmin::text as commit from incident_events order by incident_id, seq';

export interface EventRow {
  readonly body: string;
  readonly commit: string;
}

export async function readEvents(db: Database): Promise<readonly BoundaryEvent[]> {
  const { rows } = await sql.raw<EventRow>(READ_EVENTS).execute(db);
  return labelled(rows);
}

/**
 * By its number alone an event could not be recognised in another run: reports of notifications stand where the other
 * side's answers happened to fall.
 */
export function labelled(rows: readonly EventRow[]): readonly BoundaryEvent[] {
  const seen = new Map<string, number>();
  return rows.flatMap(({ body, commit }) => {
    const { type, data } = JSON.parse(body) as { type: string; data: JsonObject };
    // Told only where a step takes long, which another run need not.
    if (type === 'rollback-step-progressed') return [];
    const marks = MARKS.flatMap((mark) => (typeof data[mark] === 'string' ? [data[mark]] : []));
    const kind = [type, ...marks].join(' ');
    const count = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, count);
    return [{ label: count === 1 ? kind : `${kind} #${count}`, type, data, commit }];
  });
}

/** What tells events of one type apart: a clock, a step, a notification. */
const MARKS = ['clock', 'name', 'channel', 'kind'];

/** These stand where somebody's answer happened to fall; all others have one order. */
export const isAnswer = ({ type }: BoundaryEvent): boolean =>
  type.startsWith('notification-') || type === 'baseline-frozen';
