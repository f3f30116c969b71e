import { createHash } from 'node:crypto';
import { escapeHtml, oneLine, webUrl } from '../domain/text.ts';
import { rangesOf } from './citations.ts';
import type { CitedEvent, Part, Report, Section, Statement, TablePart } from './model.ts';
import { moment } from './moments.ts';
import { blocksOf } from './prose.ts';

const STYLE = `
:root{color-scheme:light dark;--line:#bbb;--quiet:#555;--mark:#8a4b00}
@media (prefers-color-scheme:dark){:root{--line:#555;--quiet:#aaa;--mark:#ffb35c}}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.25}h2{margin-top:2.2rem;border-bottom:1px solid var(--line)}
ul{padding-left:1.2rem}li{margin:.3rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
caption{text-align:left;font-weight:600;padding:.4rem 0}
td,th{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line)}
td:first-child,.hash{font-variant-numeric:tabular-nums;white-space:nowrap}
.notice{border:2px solid var(--mark);padding:.5rem 1rem;font-weight:600}
.cite,.unknown{color:var(--quiet)}.cite{font-size:.85em}.cite a{color:inherit}.unknown{font-style:italic}
.todo{color:var(--mark);font-weight:600}
blockquote{margin:.3rem 0;padding-left:1rem;border-left:3px solid var(--line)}
pre{overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);padding:.6rem;font-size:.85rem}
@media print{body{max-width:none;margin:0;font-size:11pt}nav{display:none}tr,li,pre{break-inside:avoid}h2,h3{break-after:avoid}a{text-decoration:none}}
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** For the header of an answer: the page loads nothing and runs nothing, and nobody frames it. */
export const CONTENT_SECURITY_POLICY = `${POLICY}; frame-ancestors 'none'`;

/** The report as one page that needs nothing else. Every text in it is data; only web addresses become links. */
export function toHtml(report: Report): string {
  const { incident, notices, sections, closing, toWrite } = report;
  const title = `Post-mortem of ${incident.id}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<title>${text(`${title}: ${incident.title}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${text(title)}</h1>
${notices.map((each) => `<p class="notice" role="note">${text(each.text)}${cite(each.events)}</p>`).join('\n')}
${toWrite.length === 0 ? '' : `<p><span class="todo">Still to write by people:</span> ${text(toWrite.join(', '))}.</p>`}
</header>
<nav aria-label="Sections"><ol>
${sections.map(({ id, title: name }) => `<li><a href="#${id}">${text(name)}</a></li>`).join('\n')}
</ol></nav>
<main>
${sections.map(sectionOf).join('\n')}
<section aria-label="Closing">
${partOf(closing)}
</section>
${proofOf(report)}
</main>
</body>
</html>
`;
}

const text = (value: string): string => escapeHtml(oneLine(value));

/** Set apart, so that text written from right to left does not turn around what stands beside it. */
const apart = (value: string): string => `<bdi>${text(value)}</bdi>`;

const sectionOf = ({ number, id, title, parts }: Section): string => `<section aria-labelledby="${id}">
<h2 id="${id}">${number}. ${text(title)}</h2>
${parts.map(partOf).join('\n')}
</section>`;

function partOf(part: Part): string {
  if (part.kind === 'table') return tableOf(part);
  const title = part.title === null ? '' : `<h3 id="${part.id}">${text(part.title)}</h3>\n`;
  return `${title}<ul>\n${part.items.map(itemOf).join('\n')}\n</ul>`;
}

function itemOf(statement: Statement): string {
  const { kind, label, text: said, events, verbatim } = statement;
  const named = label === null ? '' : `<strong>${text(label)}:</strong> `;
  switch (kind) {
    case 'proved': {
      const shown = verbatim === null ? '' : `<pre tabindex="0">${escapeHtml(verbatim.trimEnd())}</pre>`;
      return `<li>${named}${linked(statement)}${cite(events)}${shown}</li>`;
    }
    case 'written':
      return `<li>${named}${cite(events)}<blockquote>${prose(said)}</blockquote></li>`;
    case 'unknown':
      return `<li>${named}<span class="unknown">${text(said)}</span></li>`;
    case 'to-write':
      return `<li>${named}<span class="todo">Still to write:</span> ${text(said)}</li>`;
  }
}

/** What is no web address is shown as what it is, and leads nowhere. */
function linked({ text: said, href }: Statement): string {
  if (href === null) return apart(said);
  const url = webUrl(href);
  if (url === null) return `${apart(said)} (${apart(href)})`;
  return `<a href="${escapeHtml(url)}" rel="noopener noreferrer nofollow">${apart(said)}</a>`;
}

const prose = (written: string): string =>
  blocksOf(written)
    .map((block) =>
      block.kind === 'paragraph'
        ? `<p>${block.lines.map(apart).join('<br>')}</p>`
        : `<ul>${block.items.map((item) => `<li>${apart(item)}</li>`).join('')}</ul>`,
    )
    .join('');

function cite(events: readonly number[]): string {
  if (events.length === 0) return '';
  return ` <span class="cite">(${events.length === 1 ? 'event' : 'events'} ${references(events)})</span>`;
}

const reference = (seq: number): string => `<a href="#e${seq}">${seq}</a>`;

const references = (events: readonly number[]): string =>
  rangesOf(events)
    .map(([from, to]) => (from === to ? reference(from) : `${reference(from)}–${reference(to)}`))
    .join(', ');

function tableOf({ id, title, columns, rows, empty }: TablePart): string {
  const caption = title === null ? '' : `<caption>${text(title)}</caption>\n`;
  if (rows.length === 0)
    return `<p id="${id}">${title === null ? '' : `${text(title)}: `}<span class="unknown">${text(empty.text)}</span></p>`;
  const body = rows.map(
    ({ cells, events }) =>
      `<tr>${cells.map((cell) => `<td>${apart(cell)}</td>`).join('')}<td class="cite">${references(events)}</td></tr>`,
  );
  return grid(id, caption, [...columns, 'Proof'], body);
}

const grid = (id: string, caption: string, columns: readonly string[], body: readonly string[]): string =>
  `<div class="wide"><table id="${id}">
${caption}<thead><tr>${columns.map((name) => `<th scope="col">${text(name)}</th>`).join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>`;

function proofOf({ proof: { events, asOf, headHash, verify, cited } }: Report): string {
  const body = cited.map(
    ({ seq, at, type, text: line, hash }: CitedEvent) =>
      `<tr id="e${seq}"><td>${seq}</td><td>${text(moment(at))}</td><td>${text(type)}</td><td>${apart(line)}</td><td class="hash"><code>${text(hash.slice(0, 12))}</code></td></tr>`,
  );
  return `<section aria-labelledby="proof">
<h2 id="proof">Proof</h2>
<p>Made from ${events} events, as of ${text(moment(asOf))} UTC. The hash of the last one is <code>${text(headHash)}</code>, and each event's
hash covers the one before it: <code>${text(verify)}</code> proves that none was altered or left out.</p>
${grid('cited', '<caption>Events cited above</caption>\n', ['Event', 'Time (UTC)', 'Type', 'What', 'Hash'], body)}
</section>`;
}
