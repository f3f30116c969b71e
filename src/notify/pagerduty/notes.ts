import type { AxiosInstance, AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Failure } from '../../domain/failure.ts';
import { ownNoteMark } from '../../domain/pagerduty-note.ts';
import type { Clock } from '../../domain/time.ts';
import { ms } from '../../domain/time.ts';
import type { EffectIntent } from '../../domain/view.ts';
import type { Channel, Delivery, EffectContext } from '../ports.ts';
import { clean, oneLine, shorten } from '../text.ts';
import { dedupKeyOf } from './messages.ts';

export interface PagerDutyNotesOptions {
  /** Made by the house's factory, on the address of the REST API. */
  readonly http: AxiosInstance;
  /** Asked for at each note, so it is revealed late. */
  readonly apiToken: () => string;
  /** The e-mail address of a user there. */
  readonly from: string;
  readonly clock: Clock;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
}

/** A webhook of PagerDuty's with more than 55 KB may not come; a note of people is far below. */
const LONGEST_NOTE = 10_000;
/** PagerDuty makes the incident a moment after it took the event. */
const YOUNG_MS = 120_000;
const COME_AGAIN_MS = 10_000;

const incidents = z.object({
  incidents: z.array(z.object({ id: z.string().min(1), status: z.string(), created_at: z.string() })),
});
const notes = z.object({ notes: z.array(z.object({ id: z.string(), content: z.string().nullish() })) });
const created = z.object({ note: z.object({ id: z.string() }) });

/**
 * Writes notes to the page's incident in PagerDuty, by its REST API: the Events API has none. Kind: `note`. A note says
 * whose it is and begins with a mark by which it is found again after a crash, and not taken for news when it comes back.
 */
export const createPagerDutyNotes = (options: PagerDutyNotesOptions): Channel => ({
  name: 'pagerduty-notes',
  deliver: async (effect, context) => {
    if (effect.kind !== 'note') {
      return failed({ kind: 'rejected', message: `PagerDuty has no effect "${effect.kind}"` });
    }
    const call = callWith(options, context.signal);
    const page = await findPage(call, context, options.clock);
    return 'kind' in page ? page : writeOnce(call, effect, context, page.id);
  },
});

const failed = (failure: Failure): Delivery => ({ kind: 'failed', failure });

type Called<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };
type Call = <T>(schema: z.ZodType<T>, method: 'GET' | 'POST', path: string, body?: object) => Promise<Called<T>>;

const callWith =
  ({ http, apiToken, from, classify }: PagerDutyNotesOptions, signal: AbortSignal): Call =>
  async (schema, method, path, data) => {
    const headers = {
      Accept: 'application/vnd.pagerduty+json;version=2',
      Authorization: `Token token=${apiToken()}`,
      ...(method === 'POST' ? { From: from } : {}),
    };
    const refused = (failure: Failure): Called<never> => ({
      ok: false,
      // What was only asked for has changed nothing, whatever became of the answer.
      failure: method === 'GET' && failure.kind === 'ambiguous' ? { ...failure, kind: 'unreachable' } : failure,
    });
    try {
      const response = await http.request<unknown>({ method, url: path, data, headers, signal });
      if (response.status >= 300) return refused(refusalOf(response, classify));
      const read = schema.safeParse(response.data);
      if (read.success) return { ok: true, value: read.data };
      return refused({ kind: 'ambiguous', message: "PagerDuty: the answer is not PagerDuty's" });
    } catch (error) {
      const failure = classify(error);
      return refused({ ...failure, message: `PagerDuty: ${failure.message}` });
    }
  };

function refusalOf(
  { status, headers, data }: AxiosResponse<unknown>,
  classify: PagerDutyNotesOptions['classify'],
): Failure {
  // The REST API's own header for how many seconds to wait.
  const wait: unknown = headers['ratelimit-reset'] ?? headers['retry-after'];
  const failure = classify(status, typeof wait === 'string' ? wait : null);
  const said = z.object({ error: z.object({ message: z.string() }) }).safeParse(data);
  const detail = said.success ? `: ${oneLine(said.data.error.message)}` : '';
  return { ...failure, message: shorten(`PagerDuty: ${failure.message}${detail}`, 300) };
}

/** The incident with our key: the one that is open, else the newest. */
async function findPage(
  call: Call,
  { incident }: EffectContext,
  clock: Clock,
): Promise<{ readonly id: string } | Delivery> {
  const query = new URLSearchParams({ incident_key: dedupKeyOf(incident.id), date_range: 'all', limit: '25' });
  const found = await call(incidents, 'GET', `/incidents?${query.toString()}`);
  if (!found.ok) return failed(found.failure);
  const newestFirst = [...found.value.incidents].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const page = newestFirst.find(({ status }) => status !== 'resolved') ?? newestFirst[0];
  if (page !== undefined) return { id: page.id };
  const message = 'PagerDuty: no incident has our key';
  return clock.now() - ms(incident.openedAt) < YOUNG_MS
    ? failed({ kind: 'server', message, retryAfterMs: COME_AGAIN_MS })
    : { kind: 'skipped', because: 'no page of this incident is in PagerDuty' };
}

async function writeOnce(call: Call, effect: EffectIntent, context: EffectContext, page: string): Promise<Delivery> {
  const path = `/incidents/${encodeURIComponent(page)}/notes`;
  const { seq } = effect.data;
  const mark = ownNoteMark(effect.incidentId, typeof seq === 'number' ? seq : 0);
  if (context.ambiguous) {
    const read = await call(notes, 'GET', path);
    if (!read.ok) return failed(read.failure);
    const earlier = read.value.notes.find(({ content }) => content?.startsWith(mark) === true);
    if (earlier !== undefined) return { kind: 'delivered', receipt: { page, note: earlier.id } };
  }
  const content = shorten(clean(`${mark} ${effect.message}`), LONGEST_NOTE);
  const written = await call(created, 'POST', path, { note: { content } });
  return written.ok ? { kind: 'delivered', receipt: { page, note: written.value.note.id } } : failed(written.failure);
}
