import type { Part, Report, Statement } from '../../../src/report/model.ts';

export const partsOf = ({ sections, closing }: Report): readonly Part[] => [
  ...sections.flatMap(({ parts }) => parts),
  closing,
];

export function partOf(report: Report, id: string): Part {
  const found = partsOf(report).find((part) => part.id === id);
  if (found === undefined)
    throw new Error(
      `no part ${id}; there are ${partsOf(report)
        .map((part) => part.id)
        .join(', ')}`,
    );
  return found;
}

export function statementsOf(report: Report, id: string): readonly Statement[] {
  const part = partOf(report, id);
  return part.kind === 'list' ? part.items : [];
}

/** What a part speaks about; without who wrote it. */
export const labelsOf = (report: Report, id: string): readonly string[] =>
  statementsOf(report, id).flatMap(({ label }) => (label === null ? [] : [label.replace(/ \(.*\)$/, '')]));

/** The texts of a part, with their labels. */
export const linesOf = (report: Report, id: string): readonly string[] => {
  const part = partOf(report, id);
  return part.kind === 'list'
    ? part.items.map(({ label, text }) => (label === null ? text : `${label}: ${text}`))
    : part.rows.map(({ cells }) => cells.join(' | '));
};

export const sectionTitles = ({ sections }: Report): readonly string[] =>
  sections.map(({ number, title }) => `${number}. ${title}`);
