import type { AxiosInstance } from 'axios';
import type { z } from 'zod';
import type { JsonObject } from '../../../domain/json.ts';
import { type Answer, answerOf, type Classify } from './answer.ts';

export interface ArgocdConnection {
  /** Where Argo CD is: `https://argocd.example.com`, with its root path if it has one. */
  readonly url: string;
  /** Asked for at each request, so it is revealed late. */
  readonly token: () => string;
  /** Made by the house's factory: a deadline, no redirects, every status an answer. */
  readonly http: AxiosInstance;
  readonly classify: Classify;
}

export interface Request<T> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: JsonObject;
  readonly schema: z.ZodType<T>;
}

/** Asks Argo CD and reads what it says. Never throws. */
export const send = async <T>(
  { url, token, http, classify }: ArgocdConnection,
  request: Request<T>,
  signal: AbortSignal,
): Promise<Answer<T>> => {
  try {
    const response = await http.request<string>({
      method: request.body === undefined ? 'GET' : 'POST',
      url: `${url}${request.path}`,
      params: request.query ?? {},
      headers: {
        Authorization: `Bearer ${token()}`,
        Accept: 'application/json',
        // Compared letter by letter on the other side: with a charset it is a 415.
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { data: Buffer.from(JSON.stringify(request.body)) }),
      responseType: 'text',
      transformResponse: (data: string) => data,
      signal,
    });
    return answerOf(response, request.schema, classify);
  } catch (error) {
    const failure = classify(error);
    return { kind: 'failed', failure: { ...failure, message: `Argo CD: ${failure.message}` } };
  }
};
