import type { EvidenceKind } from '../domain/incident/process-events.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import type { ListPart, Section, Statement } from './model.ts';
import { moment } from './moments.ts';
import { absent, list, proved, row, table } from './statements.ts';
import { jsonText } from './wording.ts';

export const evidenceSection = (file: CaseFile): Section => ({
  number: 9,
  id: 'evidence',
  title: 'Evidence',
  parts: [
    orNone('evidence-logs', 'Logs', [...captured(file), ...added(file, ['log', 'text'])]),
    orNone('evidence-metrics', 'Metric queries with their results', [...baseline(file), ...added(file, ['metric'])]),
    alerts(file),
    orNone('evidence-links', 'Links', links(file)),
    orNone('evidence-tickets', 'Related tickets', [...added(file, ['ticket']), ...incidents(file)]),
    orNone('evidence-reports', 'User reports and third parties', added(file, ['user-report', 'third-party', 'alert'])),
  ],
});

const orNone = (id: string, title: string, items: readonly Statement[]): ListPart =>
  list(id, title, items.length === 0 ? [absent(null, 'none is recorded')] : items);

/** What the rollback saved before it destroyed it. */
function captured(file: CaseFile): readonly Statement[] {
  return file.all('evidence-captured').flatMap((event) => [
    ...event.data.items.map(({ kind, name, text, truncated }) =>
      proved(`${kind} ${name}`, `saved before step ${event.data.name}${truncated ? ', cut' : ''}`, [event], {
        verbatim: text,
      }),
    ),
    ...event.data.missing.map((what) => proved(null, `missing: ${what}`, [event])),
  ]);
}

const added = (file: CaseFile, kinds: readonly EvidenceKind[]): readonly Statement[] =>
  file
    .all('evidence-added')
    .filter(({ data }) => kinds.includes(data.kind))
    .map(pieceOf);

function pieceOf(event: EventOf<'evidence-added'>): Statement {
  const { id, title, url, text, query, result, by } = event.data;
  const asked = query === null ? [] : [`query: ${query}`];
  const answered = result === null ? [] : [`result: ${jsonText(result)}`];
  const shown = [...asked, ...answered, ...(text === null ? [] : [text])].join('\n');
  const more = { href: url, verbatim: shown === '' ? null : shown };
  return proved(id, `${title} (added by ${by}, ${moment(event.at)})`, [event], more);
}

/** What the recovery was measured against. */
function baseline(file: CaseFile): readonly Statement[] {
  return file.all('baseline-frozen').flatMap((event) => {
    if (event.data.baseline === null) return [];
    const { from, to, metrics, missing } = event.data.baseline;
    const known = Object.entries(metrics).map(
      ([name, { median, p95, samples }]) => `${name}: median ${median}, p95 ${p95}, of ${samples} samples`,
    );
    const gaps = Object.entries(missing).map(([name, why]) => `${name}: unknown (${why})`);
    const text = `what was usual from ${moment(from)} to ${moment(to)}`;
    return [proved('Baseline', text, [event], { verbatim: [...known, ...gaps].join('\n') })];
  });
}

const ALERTS_SHOWN = 20;

function alerts(file: CaseFile) {
  const seen = new Map(
    file.all('alerts-joined').flatMap((event) => event.data.samples.map((sample) => [sample.key, { sample, event }])),
  );
  const rows = [...seen.values()].slice(0, ALERTS_SHOWN).map(({ sample, event }) => {
    const { summary, description } = sample.annotations;
    const labels = Object.entries(sample.labels).map(([name, value]) => `${name}=${value}`);
    return row([sample.name, moment(sample.startsAt), labels.join(', '), summary ?? description ?? ''], [event]);
  });
  return table('evidence-alerts', 'Alerts (samples)', ['Alert', 'Since (UTC)', 'Labels', 'Summary'], rows, 'none');
}

/** Everything that points somewhere, and what people linked. */
function links(file: CaseFile): readonly Statement[] {
  const { opened } = file;
  const { runbookUrl, sourceUrl } = opened.data;
  const sources = new Set<string>();
  const generators = file.all('alerts-joined').flatMap((event) =>
    event.data.samples.flatMap(({ name, generatorUrl }) => {
      if (generatorUrl === null || generatorUrl === sourceUrl || sources.has(generatorUrl)) return [];
      sources.add(generatorUrl);
      return [proved('Alert source', name, [event], { href: generatorUrl })];
    }),
  );
  return [
    ...(runbookUrl === null
      ? []
      : [proved('Runbook', 'the runbook that the alert names', [opened], { href: runbookUrl })]),
    ...(sourceUrl === null ? [] : [proved('Source', 'where the alert came from', [opened], { href: sourceUrl })]),
    ...generators.slice(0, ALERTS_SHOWN),
    ...added(file, ['link']),
    ...fixes(file),
  ];
}

const fixes = (file: CaseFile): readonly Statement[] =>
  file.all('fix-recorded').flatMap((event) => {
    const { url, stage, version } = event.data;
    return url === null
      ? []
      : [proved('Fix', `${stage}${version === null ? '' : ` ${version}`}`, [event], { href: url })];
  });

/** Incidents that belong to this one. */
function incidents(file: CaseFile): readonly Statement[] {
  return [
    ...file.all('recurrence-recognised').map((e) => proved('Earlier incidents', e.data.of.join(', '), [e])),
    ...file.all('incident-absorbed').map((e) => proved('Merged into this', `${e.data.from}: ${e.data.title}`, [e])),
    ...file.all('link-noted').map((e) => proved('Linked', `${e.data.from}: ${e.data.title}`, [e])),
    ...file.all('incident-linked').map((e) => proved('Linked to', `${e.data.to}: ${e.data.because}`, [e])),
    ...file.all('incident-merged').map((e) => proved('Merged into', `${e.data.into}: ${e.data.because}`, [e])),
  ];
}
