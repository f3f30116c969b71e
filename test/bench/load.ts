import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly path: string;
  /** Sent in order, each once for `amount` = their number, or over and over. */
  readonly bodies: readonly Buffer[];
  readonly amount: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly ok: number;
  readonly failed: number;
}

/**
 * Sends a fixed number of requests as fast as they are answered. Resolves with the last answer, timed from the first
 * request; the generator itself only looks at its watch once a second.
 */
export function send(load: Load): Promise<LoadResult> {
  let next = 0;
  let ok = 0;
  let failed = 0;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const instance = autocannon(
      {
        url: load.url,
        connections: Math.min(load.connections, load.amount),
        amount: load.amount,
        timeout: 60,
        requests: [
          {
            method: 'POST',
            path: load.path,
            headers: { 'content-type': 'application/json' },
            setupRequest: (request) => {
              request.body = load.bodies[next % load.bodies.length]!;
              next += 1;
              return request;
            },
          },
        ],
      },
      (error: unknown) => {
        // Only when not every request was answered: else the promise is settled already.
        reject(error instanceof Error ? error : new Error(`${ok + failed} of ${load.amount} requests were answered`));
      },
    );
    instance.on('response', (_client: unknown, status: number) => {
      if (status >= 200 && status < 300) ok += 1;
      else failed += 1;
      if (ok + failed < load.amount) return;
      resolve({ seconds: (performance.now() - startedAt) / 1000, ok, failed });
    });
  });
}
