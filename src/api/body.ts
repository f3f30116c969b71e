import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { ApiError } from './errors.ts';

/** Facts of a big incident are some tens of kilobytes; nothing else here comes near. */
const MOST_BYTES = 256 * 1024;

const parse: RequestHandler = express.json({
  limit: MOST_BYTES,
  inflate: false,
  strict: true,
  type: () => true,
  reviver: refuseProto,
});

/** A key that later code could follow to the prototype of every object. The walk also refuses absurd nesting. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a key that is not allowed');
  return value;
}

/**
 * The JSON body; `{}` when there is none. Throws 415 for any other type: forms and plain text are what a page of another
 * site can send without asking the browser first.
 */
export async function readBody(request: Request, response: Response): Promise<unknown> {
  refuseOtherTypes(request);
  await new Promise<void>((resolve, reject) => {
    void parse(request, response, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
  return (request.body as unknown) ?? {};
}

function refuseOtherTypes({ headers }: Request): void {
  const type = headers['content-type'];
  const length = headers['content-length'] ?? '0';
  if (type === undefined && length === '0' && headers['transfer-encoding'] === undefined) return;
  if (type?.split(';')[0]?.trim().toLowerCase() === 'application/json') return;
  throw new ApiError('unsupported-media-type', 'Send JSON: Content-Type: application/json');
}
