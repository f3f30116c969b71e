import { createHash } from 'node:crypto';
import type { IncidentState } from '../domain/incident/state.ts';
import { escapeHtml } from '../domain/text.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'td,th{text-align:left;padding:.2rem .8rem .2rem 0}.sandbox{border:2px solid;padding:.5rem 1rem}';

/** For `style-src`: this one style and nothing else. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

export interface RootPage {
  readonly version: string;
  /** Why effects are not sent; null when they are. */
  readonly sandbox: string | null;
  /** Null: the reader may not see them. */
  readonly open: readonly IncidentState[] | null;
  /** There are more than are listed. */
  readonly more: boolean;
}

/** What somebody sees who opens the address in a browser. Every text in it is data. */
export const rootPage = ({ version, sandbox, open, more }: RootPage): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Firebreak</title><style>${STYLE}</style></head><body>
<h1>Firebreak</h1>
${sandbox === null ? '' : `<p class="sandbox"><strong>Sandbox:</strong> nothing is sent (${escapeHtml(sandbox)}).</p>`}
${open === null ? '<p>The incidents are for those with an API token.</p>' : incidents(open, more)}
<p><a href="/api/v1/openapi.json">API</a> · <a href="/metrics">metrics</a> · version ${escapeHtml(version)}</p>
</body></html>
`;

/** What somebody sees who follows the link of a message and may not read by browser: how to. */
export const lockedPage = (id: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Firebreak</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(id)}</h1>
<p>What there is to know of an incident is for those with an API token. In a terminal, with FIREBREAK_URL and FIREBREAK_TOKEN set:</p>
<pre>firebreak incidents show ${escapeHtml(id)}
firebreak report ${escapeHtml(id)}</pre>
</body></html>
`;

function incidents(open: readonly IncidentState[], more: boolean): string {
  if (open.length === 0) return '<p>No open incidents.</p>';
  const count = `${more ? 'More than ' : ''}${open.length} open incident${open.length === 1 ? '' : 's'}`;
  return `<h2>${count}</h2>\n<table><tr><th>Severity<th>Status<th>Incident<th>Title<th></tr>
${open.map(row).join('\n')}\n</table>`;
}

function row(state: IncidentState): string {
  const href = `/api/v1/incidents/${encodeURIComponent(state.id)}`;
  return `<tr><td>${escapeHtml(state.severity ?? '')}<td>${escapeHtml(state.status)}<td><a href="${href}">${escapeHtml(state.id)}</a><td>${escapeHtml(state.title)}<td><a href="${href}/timeline">timeline</a></tr>`;
}
