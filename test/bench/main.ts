import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { benchIngest } from './ingest.ts';
import { benchLatency } from './latency.ts';
import { benchMemory } from './memory.ts';
import { benchTriage } from './triage.ts';

/** Every benchmark in one run, as ratios where a ratio can be had. Asserts nothing. `--rounds N` (3), `--only name`. */
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const rounds = Number(option('rounds') ?? 3);
const only = option('only');
const wanted = (name: string): boolean => only === undefined || only === name;

const results: Record<string, unknown> = {
  at: new Date().toISOString(),
  node: process.version,
  cpus: cpus().length,
  rounds,
};

if (wanted('ingest')) {
  console.log('\nIngest, durable, until every incident is advanced and no queue holds anything (medians)');
  const ingest = await benchIngest(rounds, console.log);
  results['ingest'] = ingest;
  for (const row of ingest.filter((each) => each.toAlertmanager < each.aim)) {
    console.log(
      `  aim missed: ${row.kind} at ${row.alertsPerDelivery}: ${row.toAlertmanager.toFixed(2)} instead of ${row.aim}`,
    );
  }
}
if (wanted('triage')) {
  console.log('\nTriage, one evaluation');
  const triage = await benchTriage();
  results['triage'] = triage;
  for (const { rules, medianMs, ratio } of triage['sizes'] as { rules: number; medianMs: number; ratio: number }[]) {
    console.log(
      `${String(rules).padStart(6)} rules: ${medianMs.toFixed(3)} ms, ${ratio.toFixed(2)} times 10 rules (aim < 2)`,
    );
  }
}
if (wanted('latency')) {
  const latency = await benchLatency();
  results['latency'] = latency;
  console.log(
    `\nDelivery to PagerDuty request on the wire, ${latency.deliveriesPerSecond} deliveries/s, ${latency.pages} pages: ` +
      `p50 ${latency.p50.toFixed(0)} ms (aim < 50), p99 ${latency.p99.toFixed(0)} ms (aim < 250), max ${latency.max.toFixed(0)} ms`,
  );
}
if (wanted('memory')) {
  const memory = await benchMemory();
  results['memory'] = memory;
  console.log(
    `\nMemory over ${memory.repeatedAlerts} repeated alerts, MiB after each tenth: ${memory.residentMiB.join(' ')}`,
  );
  console.log(`  the last to the third: ${memory.growth.toFixed(2)}`);
}

await mkdir('bench-results', { recursive: true });
const file = `bench-results/${(results['at'] as string).replaceAll(':', '-')}.json`;
await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
console.log(`\nWritten to ${file}`);
