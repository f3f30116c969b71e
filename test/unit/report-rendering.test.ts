import { toHtml } from '../../src/report/html.ts';
import { escapeMarkdown, toMarkdown } from '../../src/report/markdown.ts';
import { renderReport, toJson } from '../../src/report/render.ts';
import { reportOf } from '../../src/report/report.ts';
import type { Timeline } from './support/timeline.ts';
import { ADA, at, told } from './support/timeline.ts';

/** One text in every place that a stranger or a person can write to. */
function everywhere(text: string, href: string = text): Timeline {
  const piece = { ...ADA, id: 'E1', kind: 'log' as const, title: text, url: href, text, query: text, result: text };
  return told('P1', { title: text, service: text, runbookUrl: href, sourceUrl: href })
    .add(1, 'incident-acknowledged', { by: text, via: 'slack' })
    .add(2, 'note-added', { ...ADA, text })
    .add(3, 'evidence-added', piece)
    .add(4, 'impact-stated', { ...ADA, impact: { revenue: text, features: [text] } })
    .add(5, 'action-added', { ...ADA, id: 'A1', action: text, kind: 'process', owner: text, dueAt: text })
    .add(6, 'section-written', { ...ADA, section: 'summary', text, version: 1 })
    .add(7, 'fix-recorded', { ...ADA, stage: 'linked', at: at(7), url: href, version: text, text })
    .add(8, 'status-updated', { text, by: text, via: 'api', person: at(8), nextAt: null });
}

const linksOf = (html: string): readonly string[] =>
  [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!).filter((href) => !href.startsWith('#'));

describe('the page', () => {
  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style><script>alert(1)</script>',
    '<!-- --><svg/onload=alert(1)>',
    '&lt;script&gt;',
  ])('shows %s as text', (attack) => {
    const html = toHtml(everywhere(attack).report);
    const plain = toHtml(everywhere('harmless').report);
    const tagsOf = (page: string): readonly string[] => page.match(/<\/?[a-z][^\s>]*/gi) ?? [];
    // Not one element more or less than with a harmless text, and no attribute that runs something.
    expect(tagsOf(html).filter((tag) => !tag.startsWith('<a') && tag !== '</a')).toEqual(
      tagsOf(plain).filter((tag) => !tag.startsWith('<a') && tag !== '</a'),
    );
    expect(html.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+=/i);
  });

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    '//evil.example',
    ' javascript:alert(1)',
    'https://user:pass@evil.example/',
  ])('links to no %s', (href) => {
    const { report } = everywhere('text', href);
    expect(linksOf(toHtml(report)).filter((each) => !each.startsWith('https://prometheus/'))).toEqual([]);
    const md = toMarkdown(report);
    expect([...md.matchAll(/\]\(<([^>]*)>\)/g)].map(([, url]) => url)).toEqual(['https://prometheus/graph']);
  });

  test('links to web addresses, escaped', () => {
    const html = toHtml(everywhere('text', 'https://x.example/?a=1&b="2"').report);
    expect(linksOf(html)).toContain('https://x.example/?a=1&amp;b=%222%22');
    expect(html).toContain('rel="noopener noreferrer nofollow"');
  });

  test('can be read by everybody: language, one main heading, captions, headed columns, anchors that exist', () => {
    const html = toHtml(everywhere('text').report);
    expect(html).toContain('<html lang="en">');
    expect(html.match(/<h1>/g)).toHaveLength(1);
    expect(html.match(/<th scope="col">/g)!.length).toBeGreaterThan(10);
    expect(html).toContain('@media print');
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...html.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id!);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
    expect(html).not.toMatch(/<(script|link|img|iframe|object|form)\b/);
  });

  test('is marked at the top when it is a drill', () => {
    expect(toHtml(told('P0', { drill: true }).report)).toContain(
      '<p class="notice" role="note">DRILL: nothing was broken',
    );
    expect(toMarkdown(told('P0', { drill: true }).report)).toContain('> **DRILL: nothing was broken**');
  });
});

describe('Markdown', () => {
  test.each([
    ['**bold** _it_ `code` ~~gone~~', '\\*\\*bold\\*\\* \\_it\\_ \\`code\\` \\~\\~gone\\~\\~'],
    ['[x](javascript:alert(1))', '\\[x\\](javascript:alert(1))'],
    ['![x](http://evil/pixel.png)', '!\\[x\\](http://evil/pixel.png)'],
    ['<b onclick=x>', '&lt;b onclick=x&gt;'],
    ['a | b', 'a \\| b'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['0.41', '0.41'],
    ['--- \n ===', '\\--- ==='],
    ['&lt;', '&amp;lt;'],
    ['$x$', '\\$x\\$'],
    ['error_ratio', 'error_ratio'],
    ['a\\', 'a\\\\'],
    ['line\nbreak', 'line break'],
  ])('%j is only text', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  test('no text begins a heading, a table row, a fence or a raw element', () => {
    const attack = '\n# H\n| a | b |\n```\n<script>\n---\n> q\n\n    code';
    const linesOf = (text: string, begins: RegExp): number =>
      toMarkdown(everywhere(text).report)
        .split('\n')
        .filter((line) => begins.test(line)).length;
    for (const begins of [/^#/, /^\|/, /^---$/, /^>/, /^```/]) {
      expect([begins, linesOf(attack, begins)]).toEqual([begins, linesOf('harmless', begins)]);
    }
    expect(toMarkdown(everywhere(attack).report)).not.toMatch(/^<script>/m);
  });

  test('a log cannot close its fence', () => {
    const md = toMarkdown(everywhere('````\n# out\n````').report);
    expect(md).toContain('  `````text\n  query: ````\n');
    expect(md).not.toMatch(/^# out/m);
  });

  test('what a person wrote keeps its paragraphs and lists, and nothing else', () => {
    const text = 'First line\nsecond line\n\n- one *thing*\n- two\n\n<b>last</b>';
    const { report } = told('P1').add(6, 'section-written', { ...ADA, section: 'summary', text, version: 1 });
    expect(toMarkdown(report)).toContain(
      '  > First line\\\n  > second line\n  >\n  > - one \\*thing\\*\n  > - two\n  >\n  > &lt;b&gt;last&lt;/b&gt;',
    );
    expect(toHtml(report)).toContain(
      '<blockquote><p><bdi>First line</bdi><br><bdi>second line</bdi></p><ul><li><bdi>one *thing*</bdi></li><li><bdi>two</bdi></li></ul><p><bdi>&lt;b&gt;last&lt;/b&gt;</bdi></p></blockquote>',
    );
  });
});

describe('every format', () => {
  const secrets = [
    'password=hunter2',
    'Authorization: Bearer abcdef123456',
    'AKIAABCDEFGHIJKLMNOP',
    'https://user:hunter2@host/',
    'xoxb-1234567890-abcdefghij',
  ];

  test.each(['md', 'html', 'json'] as const)('holds no credential (%s)', (format) => {
    const { text } = renderReport(everywhere(secrets.join(' ; ')).report, format);
    expect(text).not.toMatch(/hunter2|abcdef123456|AKIAABCDEFGHIJKLMNOP|xoxb-1234567890/);
    expect(text).toContain('redacted');
  });

  test.each(['md', 'html', 'json'] as const)(
    'holds nothing that is not seen or that turns text around (%s)',
    (format) => {
      const { text } = renderReport(everywhere('in\u202evisi\u200bble\u0007 \u0000end').report, format);
      expect(text).not.toMatch(/[\u202e\u200b\u0007\u0000]|\\u(202e|200b|0007|0000)/);
    },
  );

  test.each(['md', 'html', 'json'] as const)(
    'does not drown in a text of 100 kB, and says that it is cut (%s)',
    (format) => {
      const { text } = renderReport(everywhere('lorem ipsum '.repeat(9_000)).report, format);
      expect(text.length).toBeLessThan(600_000);
      expect(text).toContain('…');
    },
  );

  test('the same events give the same bytes, and every event more another hash', () => {
    const timeline = everywhere('text');
    const again = reportOf(structuredClone(timeline.events))!;
    for (const format of ['md', 'html', 'json'] as const) {
      expect(renderReport(again, format).text).toBe(renderReport(timeline.report, format).text);
    }
    const { headHash } = timeline.report.proof;
    expect(timeline.add(99, 'note-added', { ...ADA, text: 'more' }).report.proof.headHash).not.toBe(headHash);
  });

  test('JSON is the report itself', () => {
    const { report } = everywhere('text');
    expect(JSON.parse(toJson(report))).toEqual(report);
  });

  test('no incident, no report', () => {
    expect(reportOf([])).toBeNull();
    expect(reportOf(told('P1').events.slice(1))).toBeNull();
  });
});
