import fc from 'fast-check';
import { parseEvent } from '../../src/domain/incident/chain.ts';
import { toHtml } from '../../src/report/html.ts';
import { toMarkdown } from '../../src/report/markdown.ts';
import type { Part, Report } from '../../src/report/model.ts';
import { reportOf } from '../../src/report/report.ts';
import type { Run } from '../unit/support/histories.ts';
import { history, play } from '../unit/support/histories.ts';

const check = (property: (run: Run, report: Report) => void, numRuns = 150): void => {
  fc.assert(
    fc.property(history, (given) => {
      const run = play(given);
      const report = reportOf(run.stored.map(parseEvent));
      expect(report).not.toBeNull();
      property(run, report!);
    }),
    { seed: 20_261_128, numRuns },
  );
};

const partsOf = ({ sections, closing }: Report): readonly Part[] => [
  ...sections.flatMap(({ parts }) => parts),
  closing,
];

test('every history has a report of nine sections, in every format', () => {
  check((_, report) => {
    expect(report.sections.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(toMarkdown(report)).not.toMatch(/undefined|NaN|\[object/);
    expect(toHtml(report)).not.toMatch(/undefined|NaN|\[object/);
  });
});

test('what is claimed cites events that exist, and what cites nothing claims nothing', () => {
  check(({ stored }, report) => {
    const known = new Set(stored.map(({ seq }) => seq));
    const statements = [
      ...report.notices,
      ...partsOf(report).flatMap((part) => (part.kind === 'list' ? part.items : [])),
    ];
    for (const { kind, events } of statements) {
      expect(events.length > 0).toBe(kind === 'proved' || kind === 'written');
      expect(events.filter((seq) => !known.has(seq))).toEqual([]);
    }
    const rows = partsOf(report).flatMap((part) => (part.kind === 'table' && part.id !== 'sla' ? part.rows : []));
    expect(rows.filter(({ events }) => events.length === 0 || events.some((seq) => !known.has(seq)))).toEqual([]);
    const cited = new Set(report.proof.cited.map(({ seq }) => seq));
    expect([...statements, ...rows].flatMap(({ events }) => events).filter((seq) => !cited.has(seq))).toEqual([]);
  });
});

test('times and lengths are sane: key events in order, nothing negative', () => {
  check((_, report) => {
    for (const value of Object.values(report.figures)) if (value !== null) expect(value).toBeGreaterThanOrEqual(0);
    expect(toMarkdown(report)).not.toMatch(/ -\d+ (s|min|h)\b/);
    const part = partsOf(report).find(({ id }) => id === 'key-events');
    const times = part?.kind === 'table' ? part.rows.map(({ cells }) => cells[0]!) : [];
    expect(times).toEqual([...times].sort());
  });
});

test('whatever is in the texts, the page has no element and no line of Markdown more for it', () => {
  const allowed =
    /^(html|head|meta|title|style|body|header|h[123]|p|nav|ol|ul|li|a|main|section|strong|span|bdi|div|table|caption|thead|tbody|tr|th|td|blockquote|br|pre|code)$/;
  check((_, report) => {
    const names = [...toHtml(report).matchAll(/<\/?([a-zA-Z][^\s>/]*)/g)].map(([, name]) => name!);
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    const headings = toMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('## '));
    expect(headings).toHaveLength(10);
  });
});

test('the same events give the same report', () => {
  check(({ stored }, report) => {
    expect(reportOf(structuredClone(stored).map(parseEvent))).toEqual(report);
  }, 100);
});
