import { z } from 'zod';
import type { Caller } from './auth.ts';
import { notFound } from './errors.ts';
import type { Actor, ApiBackend, Document, Log, Role } from './ports.ts';
import type { Present } from './present.ts';
import { readQuery } from './query.ts';
import type { FlatSchema } from './query.ts';
import { validate } from './validate.ts';

export interface Services {
  readonly backend: ApiBackend;
  readonly present: Present;
  readonly log: Log;
}

/** A request that has passed the gate and the schemas. */
interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** For the timeline. */
  readonly actor: Actor;
}

/** A file instead of the JSON of a route's schema. */
export class FileAnswer {
  readonly file: Document;

  constructor(file: Document) {
    this.file = file;
  }
}

interface Words {
  readonly method: 'get' | 'post';
  /** Below /api/v1, with `:name` for a part that varies. */
  readonly path: string;
  /** Unique; clients generated from the document name their functions by it. */
  readonly operation: string;
  readonly summary: string;
  readonly role: Role;
  /** Content types in which it answers besides JSON. */
  readonly files?: readonly string[];
}

interface RouteSpec<
  P extends FlatSchema,
  Q extends FlatSchema,
  B extends z.ZodType,
  A extends z.ZodType,
> extends Words {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>, services: Services): Promise<z.input<A> | FileAnswer>;
}

interface Raw {
  readonly params: unknown;
  readonly url: string;
  readonly body: unknown;
}

/** One entry of the table that the router, the checks and the OpenAPI document are all made from. */
export interface Route extends Words {
  readonly schemas: {
    readonly params: FlatSchema;
    readonly query: FlatSchema;
    readonly body: z.ZodType | null;
    readonly answer: z.ZodType;
  };
  /** Checks what came and handles it. Throws `ApiError`, or what the backend throws. */
  run(raw: Raw, caller: Caller, services: Services): Promise<unknown>;
}

const nothing = z.strictObject({});

/** Closes over the types of a route's schemas, so that routes of different schemas fit in one table. */
export function route<
  P extends FlatSchema = typeof nothing,
  Q extends FlatSchema = typeof nothing,
  B extends z.ZodType = typeof nothing,
  A extends z.ZodType = z.ZodType,
>(spec: RouteSpec<P, Q, B, A>): Route {
  const { method, path, operation, summary, role, answer, files = [] } = spec;
  // The defaults of the type parameters are these very schemas, which the compiler cannot see.
  const params = spec.params ?? (nothing as unknown as P);
  const query = spec.query ?? (nothing as unknown as Q);
  const body = spec.body ?? (nothing as unknown as B);
  return {
    ...{ method, path, operation, summary, role, files },
    schemas: { params, query, body: method === 'post' ? body : null, answer },
    run: async (raw, caller, services) => {
      const call = {
        params: readParams(params, raw.params),
        query: readQuery(query, raw.url),
        body: validate(body, raw.body),
        actor: { name: caller.name, via: 'api' },
      };
      return spec.handle(call, services);
    },
  };
}

/** An id that cannot exist names nothing: 404, and the store is not asked. */
function readParams<P extends FlatSchema>(schema: P, given: unknown): z.output<P> {
  const result = schema.safeParse(given);
  if (!result.success) throw notFound('There is nothing of this name');
  return result.data;
}

type Writable<T> = { -readonly [K in keyof T]: Writable<T[K]> };

/** An answer of the domain as the schemas want it: they promise nobody that lists stay as they are, and only write them out. */
export const written = <T>(answer: T): Writable<T> => answer;
