import { z } from 'zod';
import type { FlatSchema } from './query.ts';
import type { Route } from './route.ts';
import { errorAnswer } from './schemas/primitives.ts';

type Schema = Readonly<Record<string, unknown>>;

const DEFS = '#/$defs/';
const COMPONENTS = '#/components/schemas/';

/** The OpenAPI 3.1 document of a route table. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const components: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Schema => {
    const { $defs = {}, ...rest } = z.toJSONSchema(schema, { io });
    for (const [name, def] of Object.entries($defs)) components[name] = adapt(def, io);
    return adapt({ ...rest, $schema: undefined }, io) as Schema;
  };

  const paths: Record<string, Record<string, unknown>> = {};
  for (const entry of routes) {
    const path = entry.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [entry.method]: operationOf(entry, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Firebreak',
      version,
      description:
        'Incidents, their timelines, and what people may do to them. Fields may be added; ignore unknown ones.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    paths,
    components: { schemas: components, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Schema;

function operationOf(entry: Route, schemaOf: SchemaOf): Record<string, unknown> {
  const { params, query, body, answer } = entry.schemas;
  const parameters = [...parametersOf('path', params, schemaOf), ...parametersOf('query', query, schemaOf)];
  const json = (schema: Schema): Schema => ({ 'application/json': { schema } });
  return {
    operationId: entry.operation,
    summary: entry.summary,
    description: `Needs the role ${entry.role}.`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null
      ? {}
      : { requestBody: { required: !takesNothing(body), content: json(schemaOf(body, 'input')) } }),
    responses: {
      200: { description: 'Done', content: { ...json(schemaOf(answer, 'output')), ...filesOf(entry) } },
      default: { description: 'Not done; the code says why', content: json(schemaOf(errorAnswer, 'output')) },
    },
  };
}

const filesOf = ({ files = [] }: Route): Schema =>
  Object.fromEntries(files.map((type) => [type, { schema: { type: 'string' } }]));

const takesNothing = (body: z.ZodType): boolean => body.safeParse({}).success;

function parametersOf(place: 'path' | 'query', schema: FlatSchema, schemaOf: SchemaOf): unknown[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

/** References point into the document; answers stay open, because fields may be added to them. */
function adapt(node: unknown, io: 'input' | 'output'): unknown {
  if (Array.isArray(node)) return node.map((item) => adapt(item, io));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).flatMap(([key, value]): [string, unknown][] => {
    if (key === '$ref' && typeof value === 'string') return [[key, value.replace(DEFS, COMPONENTS)]];
    if (value === undefined) return [];
    if (io === 'output' && key === 'additionalProperties' && value === false) return [];
    return [[key, adapt(value, io)]];
  });
  return Object.fromEntries(entries);
}
