import { escapeHtml } from '../text.ts';

/** What a mail says, before it is laid out. All of it is plain text; the links are web addresses. */
export interface Letter {
  readonly heading: string;
  readonly lead: string;
  readonly paragraphs: readonly string[];
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly impact: readonly string[];
  readonly links: readonly { readonly text: string; readonly href: string }[];
  readonly footer: string;
}

export const letterAsText = (letter: Letter): string => {
  const blocks = [
    [letter.heading, letter.lead],
    ...letter.paragraphs.map((paragraph) => [paragraph]),
    letter.fields.map(([name, value]) => `${name}: ${value}`),
    letter.impact.length === 0 ? [] : ['Impact:', ...letter.impact.map((line) => `- ${line}`)],
    letter.links.map(({ text, href }) => `${text}: ${href}`),
    // So that mail programs know it for a signature.
    ['-- ', letter.footer],
  ];
  const written = blocks.map((lines) => lines.filter((line) => line !== '').join('\n'));
  return `${written.filter((block) => block !== '').join('\n\n')}\n`;
};

const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const CELL = 'padding:4px 12px 4px 0;vertical-align:top;font-size:14px;line-height:1.5';

/** Styles stand in the elements, because mail programs drop sheets. Nothing is loaded from anywhere. */
export const letterAsHtml = (letter: Letter): string =>
  [
    '<!doctype html><html><head><meta charset="utf-8"></head>',
    `<body style="margin:0;padding:24px;background:#ffffff;color:#1f2933;${FONT}">`,
    '<div style="max-width:640px">',
    `<h1 style="margin:0 0 4px;font-size:20px;line-height:1.3">${escapeHtml(letter.heading)}</h1>`,
    letter.lead === '' ? '' : `<p style="margin:0 0 16px;color:#52606d;font-size:15px">${escapeHtml(letter.lead)}</p>`,
    ...letter.paragraphs.map(paragraph),
    fieldTable(letter.fields),
    impactList(letter.impact),
    linkLine(letter.links),
    `<p style="margin:24px 0 0;color:#7b8794;font-size:12px">${escapeHtml(letter.footer)}</p>`,
    '</div></body></html>',
  ]
    .filter((part) => part !== '')
    .join('\n');

const paragraph = (text: string): string =>
  `<p style="margin:0 0 12px;font-size:15px;line-height:1.5;overflow-wrap:anywhere">${inHtml(text)}</p>`;

const fieldTable = (fields: Letter['fields']): string => {
  const rows = fields.map(
    ([name, value]) =>
      `<tr><td style="${CELL};color:#52606d;white-space:nowrap">${escapeHtml(name)}</td><td style="${CELL}">${inHtml(value)}</td></tr>`,
  );
  return rows.length === 0 ? '' : `<table style="border-collapse:collapse;margin:16px 0">${rows.join('\n')}</table>`;
};

const impactList = (impact: Letter['impact']): string => {
  const items = impact.map((line) => `<li>${escapeHtml(line)}</li>`);
  return items.length === 0
    ? ''
    : `<p style="margin:0;color:#52606d;font-size:14px">Impact</p><ul style="margin:4px 0 16px;padding-left:20px;font-size:14px;line-height:1.5">${items.join('\n')}</ul>`;
};

const linkLine = (links: Letter['links']): string => {
  const all = links.map(
    ({ text, href }) => `<a href="${escapeHtml(href)}" style="color:#0b5cad">${escapeHtml(text)}</a>`,
  );
  return all.length === 0 ? '' : `<p style="margin:0 0 12px;font-size:14px">${all.join(' &middot; ')}</p>`;
};

const inHtml = (text: string): string => escapeHtml(text).replaceAll('\n', '<br>\n');
