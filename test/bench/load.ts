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

/** Sends a fixed number of requests as fast as they are answered, and times it from the first to the last answer. */
export async function send(load: Load): Promise<LoadResult> {
  let next = 0;
  const startedAt = performance.now();
  const result = await autocannon({
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
  });
  return {
    seconds: (performance.now() - startedAt) / 1000,
    ok: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
  };
}
