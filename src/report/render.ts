import { CONTENT_SECURITY_POLICY, toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import type { Report } from './model.ts';

export type ReportFormat = 'md' | 'html' | 'json';

/** A report as it leaves the program. The same report gives the same bytes. */
export interface RenderedReport {
  readonly contentType: string;
  readonly filename: string;
  readonly text: string;
  /** What a browser may do with it; null: the server's usual policy is enough. */
  readonly contentSecurityPolicy: string | null;
}

export function renderReport(report: Report, format: ReportFormat): RenderedReport {
  const filename = `${report.incident.id}.post-mortem.${format}`;
  switch (format) {
    case 'md':
      return { ...plain('text/markdown; charset=utf-8', toMarkdown(report)), filename };
    case 'json':
      return { ...plain('application/json; charset=utf-8', toJson(report)), filename };
    case 'html': {
      const page = plain('text/html; charset=utf-8', toHtml(report));
      return { ...page, filename, contentSecurityPolicy: CONTENT_SECURITY_POLICY };
    }
  }
}

const plain = (contentType: string, text: string) => ({ contentType, text, contentSecurityPolicy: null });

export const toJson = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`;
