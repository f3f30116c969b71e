import { oneLine, webUrl } from '../domain/text.ts';
import { citation } from './citations.ts';
import type { Part, Report, Section, Statement, TablePart } from './model.ts';
import { moment } from './moments.ts';
import { blocksOf } from './prose.ts';

/** The report in Markdown. Every text in it is data: nothing of it becomes markup, and only web addresses become links. */
export const toMarkdown = (report: Report): string =>
  [
    `# Post-mortem of ${escapeMarkdown(report.incident.id)}`,
    ...report.notices.map((notice) => `> **${escapeMarkdown(notice.text)}**${cite(notice.events)}`),
    ...(report.toWrite.length === 0
      ? []
      : [`> Still to write by people: ${report.toWrite.map((section) => escapeMarkdown(section)).join(', ')}.`]),
    ...report.sections.flatMap(section),
    '---',
    ...part(report.closing),
    ...proof(report),
  ].join('\n\n') + '\n';

const section = ({ number, title, parts }: Section): readonly string[] => [
  `## ${number}. ${escapeMarkdown(title)}`,
  ...parts.flatMap(part),
];

function part(each: Part): readonly string[] {
  const title = each.title === null ? [] : [`### ${escapeMarkdown(each.title)}`];
  return [...title, each.kind === 'list' ? each.items.map(item).join('\n') : tableOf(each)];
}

function item(statement: Statement): string {
  const { kind, label, text, events } = statement;
  const named = label === null ? '' : `**${escapeMarkdown(label)}:** `;
  switch (kind) {
    case 'proved':
      return `- ${named}${linked(statement)}${cite(events)}${verbatim(statement)}`;
    case 'written':
      return `- ${named.trimEnd()}${cite(events)}\n\n${indent(quoted(text))}\n`;
    case 'unknown':
      return `- ${named}*${escapeMarkdown(text)}*`;
    case 'to-write':
      return `- ${named}**Still to write:** ${escapeMarkdown(text)}`;
  }
}

/** What is no web address is shown as what it is, and leads nowhere. */
function linked({ text, href }: Statement): string {
  if (href === null) return escapeMarkdown(text);
  const url = webUrl(href);
  return url === null
    ? `${escapeMarkdown(text)} (${escapeMarkdown(href)})`
    : `[${escapeMarkdown(text)}](<${url.replaceAll('&', '&amp;').replaceAll('\\', '%5C')}>)`;
}

const cite = (events: readonly number[]): string => (events.length === 0 ? '' : ` _(${citation(events)})_`);

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n');

/** In a fence that nothing in it can close. */
function verbatim({ verbatim: text }: Statement): string {
  if (text === null) return '';
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `\n\n${indent(`${fence}text\n${text.trimEnd()}\n${fence}`)}\n`;
}

const quoted = (text: string): string =>
  blocksOf(text)
    .map((block) =>
      block.kind === 'paragraph'
        ? block.lines.map((line) => `> ${escapeMarkdown(line)}`).join('\\\n')
        : block.items.map((line) => `> - ${escapeMarkdown(line)}`).join('\n'),
    )
    .join('\n>\n');

function tableOf({ columns, rows, empty }: TablePart): string {
  if (rows.length === 0) return `*${escapeMarkdown(empty.text)}*`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line([...columns, 'Proof'].map(escapeMarkdown)),
    line([...columns, 'Proof'].map(() => '---')),
    ...rows.map(({ cells, events }) => line([...cells.map(escapeMarkdown), citation(events)])),
  ].join('\n');
}

function proof({ proof: { events, asOf, headHash, verify, cited } }: Report): readonly string[] {
  const line = ({ seq, at, type, text, hash }: (typeof cited)[number]): string =>
    `| ${seq} | ${moment(at)} | ${escapeMarkdown(type)} | ${escapeMarkdown(text)} | \`${hash.slice(0, 12)}\` |`;
  return [
    '## Proof',
    `Made from ${events} events, as of ${moment(asOf)} UTC. The hash of the last one is \`${headHash}\`, and each event's hash covers ` +
      `the one before it: \`${escapeMarkdown(verify)}\` proves that none was altered or left out. Events cited above:`,
    ['| Event | Time (UTC) | Type | What | Hash |', '| --- | --- | --- | --- | --- |', ...cited.map(line)].join('\n'),
  ];
}

/** Text as it is, on one line, whatever Markdown would make of it. */
export const escapeMarkdown = (text: string): string =>
  oneLine(text)
    .replace(/[\\`*[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // Between letters and digits an underscore is only an underscore.
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^[-+=#]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');
