import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { boundsOf } from '../domain/histogram.ts';
import { FAMILIES, PREFIX } from './families.ts';

/** A value at rest, as the store counts it: `{name}`, or `{name}_bucket|_sum|_count` of a histogram. */
export interface StoredValue {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All values of one moment. Asked at each scrape; throws when the store does not answer. */
export type ReadValues = () => Promise<readonly StoredValue[]>;

/** Of prom-client's own metrics, those that an operator of this program asks for and that follow the naming rules. */
const PROCESS_METRICS = [
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'process_open_fds',
  'process_max_fds',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
];

/**
 * The registry. What tells about incidents is read from the store at each scrape, so it survives a restart and is the
 * same on every replica; only what tells about this process is counted in it.
 */
export class Metrics {
  readonly ingestCommitSeconds: Histogram;
  readonly #registry = new Registry();
  /** All of prom-client's own metrics; some are set while another one of them is collected. */
  readonly #process = new Registry();
  readonly #read: ReadValues;
  #values: readonly StoredValue[] = [];

  constructor(read: ReadValues) {
    this.#read = read;
    this.#registerProcessMetrics();
    this.ingestCommitSeconds = new Histogram({
      name: `${PREFIX}ingest_commit_seconds`,
      help: 'How long a group commit of deliveries took, in this process.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [this.#registry],
    });
    for (const [name, family] of Object.entries(FAMILIES)) {
      const values = family.type === 'histogram' ? histogramValues : plainValues;
      const stored = {
        ...family,
        name: PREFIX + name,
        aggregator: 'max',
        get: () => ({ ...stored, values: values(name, this.#values) }),
      };
      // prom-client's own classes can only count up; the registry itself asks no more of a metric than this.
      this.#registry.registerMetric(stored as unknown as Histogram);
    }
  }

  /** Prometheus text format. Throws when the store does not answer: a scrape that fails is honest. */
  async text(): Promise<string> {
    this.#values = await this.#read();
    await this.#process.getMetricsAsJSON();
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #registerProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#process });
    for (const name of PROCESS_METRICS) {
      const metric = this.#process.getSingleMetric(name);
      if (metric !== undefined) this.#registry.registerMetric(metric);
    }
  }
}

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const plainValues = (name: string, values: readonly StoredValue[]): readonly Sample[] =>
  values.filter((value) => value.metric === name);

/** Stored buckets are those that were hit; Prometheus wants every bound, and `+Inf`. */
function histogramValues(name: string, values: readonly StoredValue[]): readonly Sample[] {
  const parts = new Map(values.map((value) => [partKey(value.metric, value.labels), value.value]));
  const sample = (suffix: string, labels: Readonly<Record<string, string>>, value: number): Sample => ({
    metricName: `${PREFIX}${name}_${suffix}`,
    labels,
    value,
  });
  return plainValues(`${name}_count`, values).flatMap(({ labels, value }) => [
    ...boundsOf(name).map((bound) => {
      const bounded = { ...labels, le: String(bound) };
      return sample('bucket', bounded, parts.get(partKey(`${name}_bucket`, bounded)) ?? 0);
    }),
    sample('bucket', { ...labels, le: '+Inf' }, value),
    sample('sum', labels, parts.get(partKey(`${name}_sum`, labels)) ?? 0),
    sample('count', labels, value),
  ]);
}

const partKey = (metric: string, labels: Readonly<Record<string, string>>): string =>
  metric + JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
