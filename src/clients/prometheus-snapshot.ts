import { z } from 'zod';
import type { Instant } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import type { Envelope } from './prometheus-answers.ts';

/** One series as Prometheus gave it; numbers stay text, because NaN and the infinities are answers, too. */
interface SnapshotSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** At each moment, epoch seconds. */
  readonly values: readonly (readonly [number, string])[];
}

/** What a query gave, for people to read later. Bounded: `total` says how many series there were. */
export type PrometheusSnapshot =
  | {
      readonly kind: 'vector' | 'matrix';
      readonly from: Instant;
      readonly to: Instant;
      readonly series: readonly SnapshotSeries[];
      readonly total: number;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'no-data'; readonly reason: string }
  /** It could not be asked, or did not answer. */
  | { readonly kind: 'failed'; readonly reason: string };

/** When a snapshot looks: at one moment, or over a time. Epoch milliseconds. */
export type SnapshotWindow =
  { readonly at: number } | { readonly from: number; readonly to: number; readonly stepMs: number };

const MOST_SERIES = 20;
const MOST_POINTS = 61;
const LONGEST_LABEL = 200;
const MOST_WARNINGS = 5;

const Point = z.tuple([z.number(), z.string()]);
const Labels = z.record(z.string(), z.string());
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: Point }),
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: Labels, value: Point.optional() })),
  }),
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: Labels, values: z.array(Point).optional() })),
  }),
  z.object({ resultType: z.literal('string') }),
]);

/** What a query gave, of whatever shape. */
export function snapshotOf(body: Envelope, window: SnapshotWindow): PrometheusSnapshot {
  const parsed = Result.safeParse(body.data);
  if (!parsed.success) return { kind: 'no-data', reason: 'the result has an unknown form' };
  const found = seriesIn(parsed.data);
  if (typeof found === 'string') return { kind: 'no-data', reason: found };
  const [from, to] = 'at' in window ? [window.at, window.at] : [window.from, window.to];
  return {
    kind: 'at' in window ? 'vector' : 'matrix',
    from: iso(from),
    to: iso(to),
    series: found.slice(0, MOST_SERIES).map(bounded),
    total: found.length,
    warnings: [...(body.warnings ?? []), ...(body.infos ?? [])]
      .slice(0, MOST_WARNINGS)
      .map((text) => text.slice(0, 300)),
  };
}

function seriesIn(answer: z.infer<typeof Result>): readonly SnapshotSeries[] | string {
  switch (answer.resultType) {
    case 'scalar':
      return [{ labels: {}, values: [answer.result] }];
    case 'string':
      return 'a string, numbers expected';
    case 'vector':
    case 'matrix': {
      const series = answer.result.flatMap((one) => {
        const values = 'value' in one ? [one.value ?? []].filter(isPoint) : 'values' in one ? (one.values ?? []) : [];
        return values.length === 0 ? [] : [{ labels: one.metric, values }];
      });
      if (series.length > 0) return series;
      return answer.result.length === 0 ? 'no series' : 'histograms, numbers expected';
    }
  }
}

const isPoint = (value: readonly (number | string)[]): value is [number, string] => value.length === 2;

const bounded = ({ labels, values }: SnapshotSeries): SnapshotSeries => ({
  labels: Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, value.slice(0, LONGEST_LABEL).toWellFormed()]),
  ),
  values: values.slice(-MOST_POINTS),
});
