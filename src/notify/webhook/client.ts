import type { AxiosInstance } from 'axios';
import type { Failure } from '../../domain/failure.ts';

export interface WebhookClientOptions {
  readonly url: string;
  /** Made by the house's factory: a deadline, no redirects, every status an answer. */
  readonly http: AxiosInstance;
  /** What a status or a thrown error means. */
  readonly classify: (statusOrError: unknown, retryAfter?: string | null) => Failure;
}

export type Posted =
  { readonly kind: 'accepted'; readonly status: number } | { readonly kind: 'failed'; readonly failure: Failure };

export const postSigned = async (
  { url, http, classify }: WebhookClientOptions,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Posted> => {
  try {
    // Bytes, because axios rewrites strings that look like JSON, and a signature is over what goes out. The answer is
    // of no interest beyond its status.
    const response = await http.post<unknown>(url, Buffer.from(body), { headers, signal, responseType: 'text' });
    if (response.status >= 200 && response.status < 300) return { kind: 'accepted', status: response.status };
    const retryAfter: unknown = response.headers['retry-after'];
    return failed(classify(response.status, typeof retryAfter === 'string' ? retryAfter : null));
  } catch (error) {
    return failed(classify(error));
  }
};

const failed = (failure: Failure): Posted => ({
  kind: 'failed',
  failure: { ...failure, message: `webhook: ${failure.message}` },
});
