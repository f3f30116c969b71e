import { readFile, writeFile } from 'node:fs/promises';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import { ms } from '../../../src/domain/time.ts';
import { toMarkdown } from '../../../src/report/markdown.ts';
import { reportOf } from '../../../src/report/report.ts';
import { readTimeline } from '../../../src/store/timeline.ts';
import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { offset } from '../../harness/simulation.ts';

/** TRANSCRIPTS=write makes the files anew: look at the difference before it is committed. */
const WRITES = process.env['TRANSCRIPTS'] === 'write';

/** Everything that came of a scenario, as people read it: timelines, messages with their times, clocks, metrics, reports. */
async function transcriptOf(world: SimulatedWorld, ids?: readonly string[]): Promise<string> {
  const { simulation } = world;
  const all = await simulation.incidents();
  const shown = all.filter(({ id }) => ids === undefined || ids.includes(id));
  const parts: string[] = [];
  for (const incident of shown) {
    parts.push(
      heading(incident),
      ...clocksOf(incident),
      '',
      'Timeline',
      ...(await simulation.timeline(incident.id)),
      '',
    );
  }
  parts.push(`Messages (${world.messages().length})`, ...inOrder(world.messages()), '');
  parts.push('Metrics', ...metricLines(await simulation.metrics()), '');
  for (const incident of shown) {
    const report = reportOf(await readTimeline(simulation.store.db, incident.id));
    if (report !== null) parts.push(`Report of ${incident.id}`, toMarkdown(report));
  }
  return steady(`${parts.join('\n').trimEnd()}\n`);
}

/** What left at one moment through different channels has no order of its own. */
function inOrder(messages: readonly string[]): readonly string[] {
  const moments = new Map<string, string[]>();
  for (const line of messages) {
    const [moment = ''] = line.split(' ');
    moments.set(moment, [...(moments.get(moment) ?? []), line]);
  }
  const channel = (line: string): string => line.split(' ')[1] ?? '';
  return [...moments.values()].flatMap((lines) =>
    lines.toSorted((a, b) => (channel(a) === channel(b) ? 0 : channel(a) < channel(b) ? -1 : 1)),
  );
}

const heading = ({ id, severity, status, title }: IncidentState): string => `${id} ${severity} ${status}: ${title}`;

const clocksOf = ({ clocks }: IncidentState): readonly string[] =>
  Object.entries(clocks).map(
    ([name, { startedAt, deadline, state }]) =>
      `clock ${name}: ${offset(ms(startedAt))} to ${offset(ms(deadline))}, ${state}`,
  );

/** What is counted and summed; how it falls into buckets follows from that. */
const metricLines = (metrics: Readonly<Record<string, number>>): readonly string[] =>
  Object.entries(metrics)
    .filter(([name]) => !/_bucket|^ingest_commit|^source_last_seen/.test(name))
    .map(([name, value]) => `${name} ${value}`)
    .sort();

/** Identities that the cluster and the sockets make up. */
const steady = (text: string): string =>
  text
    .replaceAll(/(?<!INC)-[0-9a-f]{8,10}-[0-9a-f]{5,6}\b/g, '-<pod>')
    .replaceAll(/`[0-9a-f]{12}`/g, '`<hash>`')
    .replaceAll(/\(plan [0-9a-f]{12}\)/g, '(plan <hash>)')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>')
    .replaceAll(/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{10,64}\b/g, '<hash>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<host>');

/** The transcript of a scenario is the one that was looked at when it was committed, to the letter. */
export async function expectTranscript(name: string, world: SimulatedWorld, ids?: readonly string[]): Promise<void> {
  const file = new URL(`./transcripts/${name}.txt`, import.meta.url);
  const now = await transcriptOf(world, ids);
  if (WRITES) await writeFile(file, now);
  expect(now).toBe(await readFile(file, 'utf8'));
}
