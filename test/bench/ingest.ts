import { benchAlert, forAlertmanager, forWebhook } from './alerts.ts';
import { send } from './load.ts';
import { median } from './median.ts';
import type { FirebreakTarget, Target } from './targets.ts';
import { startAlertmanager, startFirebreak, startParser } from './targets.ts';

const SIZES = [1, 10, 100] as const;
const KINDS = ['new', 'repeats'] as const;
type Size = (typeof SIZES)[number];
type Kind = (typeof KINDS)[number];

/** Requests of one measurement: some seconds each, whatever the machine. */
const AMOUNT: Readonly<Record<Kind, Readonly<Record<Size, number>>>> = {
  new: { 1: 20_000, 10: 8_000, 100: 1_200 },
  repeats: { 1: 30_000, 10: 15_000, 100: 3_000 },
};
const CONNECTIONS = 64;
/** Bodies that are sent over and over for the repeats. */
const REPEATED: Readonly<Record<Size, number>> = { 1: 1_000, 10: 200, 100: 50 };

/** Aims for the ratio to the real Alertmanager. */
export const AIMS: Readonly<Record<Kind, Readonly<Record<Size, number>>>> = {
  new: { 1: 0.3, 10: 0.7, 100: 0.8 },
  repeats: { 1: 0.6, 10: 1.0, 100: 1.5 },
};

export interface IngestRow {
  readonly kind: Kind;
  readonly alertsPerDelivery: Size;
  /** Alerts a second, medians over the rounds. */
  readonly firebreak: number;
  readonly parser: number;
  readonly alertmanager: number;
  readonly toParser: number;
  readonly toAlertmanager: number;
  readonly aim: number;
}

/**
 * Sustained durable ingest, to the moment when every incident has been advanced and no queue holds anything, beside an
 * Express handler that only parses and the real Alertmanager. They take turns, so that all meet the same machine.
 */
export async function benchIngest(rounds: number, say: (line: string) => void): Promise<readonly IngestRow[]> {
  const firebreak = await startFirebreak();
  const parser = await startParser();
  try {
    const rows: IngestRow[] = [];
    for (const kind of KINDS) {
      for (const size of SIZES) rows.push(await compare(kind, size, rounds, firebreak, parser, say));
    }
    return rows;
  } finally {
    await parser.stop();
    await firebreak.stop();
  }
}

async function compare(
  kind: Kind,
  size: Size,
  rounds: number,
  firebreak: FirebreakTarget,
  parser: Target,
  say: (line: string) => void,
): Promise<IngestRow> {
  const rates = { firebreak: [] as number[], parser: [] as number[], alertmanager: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const run = `${kind[0]}${size}r${round}`;
    rates.parser.push(await measure(parser, kind, size, run));
    const alertmanager = await startAlertmanager();
    rates.alertmanager.push(await measure(alertmanager, kind, size, run));
    await alertmanager.stop();
    rates.firebreak.push(await measure(firebreak, kind, size, run));
  }
  const [own, plain, real] = [median(rates.firebreak), median(rates.parser), median(rates.alertmanager)];
  const row: IngestRow = {
    kind,
    alertsPerDelivery: size,
    firebreak: Math.round(own),
    parser: Math.round(plain),
    alertmanager: Math.round(real),
    toParser: own / plain,
    toAlertmanager: own / real,
    aim: AIMS[kind][size],
  };
  say(describe(row));
  return row;
}

const describe = (row: IngestRow): string =>
  `${row.kind.padEnd(8)} ${String(row.alertsPerDelivery).padStart(3)} a delivery: ${String(row.firebreak).padStart(7)} alerts/s` +
  `   to parse-only ${row.toParser.toFixed(2)}   to Alertmanager ${row.toAlertmanager.toFixed(2)} (aim ${row.aim})`;

/** Alerts a second until nothing is left to do. */
async function measure(target: Target, kind: Kind, size: Size, run: string): Promise<number> {
  const amount = AMOUNT[kind][size];
  const bodies = bodiesFor(target, kind === 'new' ? amount : REPEATED[size], size, run);
  const load = { url: target.url, path: target.path, bodies, connections: CONNECTIONS };
  if (kind === 'repeats') {
    await send({ ...load, amount: bodies.length });
    await target.settled();
  }
  const startedAt = performance.now();
  const result = await send({ ...load, amount });
  await target.settled();
  const seconds = (performance.now() - startedAt) / 1000;
  if (result.failed > 0) throw new Error(`${result.failed} of ${amount} requests to ${target.url} failed`);
  return (amount * size) / seconds;
}

function bodiesFor(target: Target, count: number, size: Size, run: string): readonly Buffer[] {
  const startsAt = new Date().toISOString();
  const format = target.path.startsWith('/api') ? forAlertmanager : forWebhook;
  return Array.from({ length: count }, (_, b) =>
    format(Array.from({ length: size }, (_unused, i) => benchAlert(run, b * size + i, startsAt))),
  );
}
