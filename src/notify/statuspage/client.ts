import type { AxiosInstance, AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Failure } from '../../domain/failure.ts';
import { oneLine, shorten } from '../text.ts';
import type { IncidentChange, NewIncident } from './messages.ts';
import { createPace, type PaceOptions } from './pace.ts';

export interface StatuspageClientOptions extends PaceOptions {
  /** Made by the house's factory, with the address of the API: a deadline, no redirects, every status an answer. */
  readonly http: AxiosInstance;
  /** Asked for at each request, so it is revealed late and may rotate. */
  readonly apiKey: () => string;
  readonly pageId: string;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
}

/** The page's incident as the API shows it, as far as it is read here. */
const pageIncident = z.looseObject({
  id: z.string().min(1),
  status: z.string(),
  shortlink: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
export type PageIncident = z.infer<typeof pageIncident>;

export type Called<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export interface StatuspageClient {
  create(incident: NewIncident, signal: AbortSignal): Promise<Called<PageIncident>>;
  change(id: string, change: IncidentChange, signal: AbortSignal): Promise<Called<PageIncident>>;
  /** Null: it is not there, or no longer. */
  read(id: string, signal: AbortSignal): Promise<Called<PageIncident | null>>;
  /** The first that fits, among the unresolved ones and then among the newest of all. */
  find(fits: (incident: PageIncident) => boolean, signal: AbortSignal): Promise<Called<PageIncident | null>>;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly params?: Readonly<Record<string, number>>;
  readonly data?: object;
}

const PAGE = 100;
/** At one request a second; what lies further back than this is not of an incident that is under way. */
const MOST_PAGES = 3;

/** One client a token: all requests of the process pass through it one by one, at the pace that the API allows. */
export const createStatuspageClient = (options: StatuspageClientOptions): StatuspageClient => {
  const incidents = `/pages/${encodeURIComponent(options.pageId)}/incidents`;
  const one = (id: string): string => `${incidents}/${encodeURIComponent(id)}`;
  const call = createCall(options);

  const list = async (path: string, params: Request['params'], signal: AbortSignal) =>
    parsed(
      await call({ method: 'GET', path, ...(params === undefined ? {} : { params }) }, signal),
      z.array(pageIncident),
    );

  return {
    create: async (incident, signal) =>
      written(await call({ method: 'POST', path: incidents, data: { incident } }, signal)),
    change: async (id, incident, signal) =>
      written(await call({ method: 'PATCH', path: one(id), data: { incident } }, signal)),
    read: async (id, signal) => {
      const answer = await call({ method: 'GET', path: one(id) }, signal);
      if (!answer.ok && answer.status === 404) return { ok: true, value: null };
      return parsed(answer, pageIncident);
    },
    find: async (fits, signal) => {
      const unresolved = await list(`${incidents}/unresolved`, { per_page: PAGE }, signal);
      if (!unresolved.ok) return unresolved;
      const open = unresolved.value.find(fits);
      if (open !== undefined) return { ok: true, value: open };
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const listed = await list(incidents, { limit: PAGE, page }, signal);
        if (!listed.ok) return listed;
        const found = listed.value.find(fits);
        if (found !== undefined) return { ok: true, value: found };
        if (listed.value.length < PAGE) break;
      }
      return { ok: true, value: null };
    },
  };
};

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: Failure; readonly status: number | null };

type Call = (request: Request, signal: AbortSignal) => Promise<Answer>;

const createCall = (options: StatuspageClientOptions): Call => {
  const { http, apiKey, classify } = options;
  const pace = createPace(options);

  const send = async (request: Request, signal: AbortSignal): Promise<Answer> => {
    try {
      const headers = { Authorization: `OAuth ${apiKey()}` };
      const { method, path: url, ...content } = request;
      return judge(await http.request<unknown>({ method, url, ...content, headers, signal }), classify);
    } catch (error) {
      const failure = classify(error);
      // What was only asked for has changed nothing, whatever became of the answer.
      const isLostRead = request.method === 'GET' && failure.kind === 'ambiguous';
      return refusal({ ...failure, kind: isLostRead ? 'unreachable' : failure.kind }, null);
    }
  };

  return async (request, signal) => {
    const turn = await pace.inTurn(signal, () => send(request, signal));
    if (!turn.run) {
      return refusal({ kind: 'rate-limited', message: 'waited for its turn in vain', retryAfterMs: turn.waitMs }, null);
    }
    if (!turn.value.ok && turn.value.failure.kind === 'rate-limited') pace.hold(turn.value.failure.retryAfterMs ?? 0);
    return turn.value;
  };
};

const judge = (response: AxiosResponse<unknown>, classify: StatuspageClientOptions['classify']): Answer => {
  const { status, data, headers } = response;
  if (status >= 200 && status < 300) return { ok: true, value: data };
  const retryAfter: unknown = headers['retry-after'];
  const failure = classify(status, typeof retryAfter === 'string' ? retryAfter : null);
  const said = complaint(data);
  return refusal({ ...failure, message: said === '' ? failure.message : `${failure.message}: ${said}` }, status);
};

const refusal = (failure: Failure, status: number | null): Answer => ({
  ok: false,
  status,
  failure: { ...failure, message: shorten(`Statuspage: ${failure.message}`, 300) },
});

/** The API says what it dislikes as `error`, one or several, or as `message`. */
const complaint = (data: unknown): string => {
  const { error, message } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const said = [error, message].flat().filter((one) => typeof one === 'string');
  return oneLine(said.join('; '));
};

const parsed = <T>(answer: Answer, schema: z.ZodType<T>): Called<T> => {
  if (!answer.ok) return answer;
  const { success, data } = schema.safeParse(answer.value);
  return success
    ? { ok: true, value: data }
    : { ok: false, failure: { kind: 'server', message: "Statuspage: the answer is not Statuspage's" } };
};

/** An answer that makes no sense may follow a change that was made. */
const written = (answer: Answer): Called<PageIncident> => {
  const read = parsed(answer, pageIncident);
  return answer.ok && !read.ok ? { ok: false, failure: { ...read.failure, kind: 'ambiguous' } } : read;
};
