import { z } from 'zod';
import { notFound } from '../errors.ts';
import { REPORT_FORMATS } from '../ports.ts';
import { FileAnswer, route } from '../route.ts';
import { report } from '../schemas/report.ts';
import { oneOf } from '../schemas/primitives.ts';
import { incidentParams } from './incidents.ts';

const query = z.strictObject({
  format: oneOf(REPORT_FORMATS).default('md').describe('Markdown, one HTML page that needs nothing else, or JSON'),
});

export const reportRoutes = [
  route({
    method: 'get',
    path: '/incidents/:id/report',
    operation: 'getReport',
    summary: 'The post-mortem report: what the events prove, each with its events, and what is still to write',
    role: 'viewer',
    params: incidentParams,
    query,
    answer: report,
    files: ['text/markdown', 'text/html'],
    handle: async ({ params, query: { format } }, { backend }) => {
      const file = await backend.report(params.id, format);
      if (file === null) throw notFound(`There is no incident ${params.id}`);
      return new FileAnswer(file);
    },
  }),
];
