import type { ScriptedSeries } from '../harness/prometheus.ts';

/** Minutes since the alert arrives, which is the zero of every script. */
export type Course = (minute: number) => number;

/** The release, and when its errors begin; the alert says that it began here. */
export const RELEASED = -4;
const BAD_SINCE = -3;
export const ONSET = -2;

/** The pods of the older version are ready so long after they were asked for: ten seconds. */
export const READY = 1 / 6;

/** What is usual: 100 requests a second of which 0.5 % fail. */
export const USUAL_RATIO = 0.005;
export const USUAL_RATE = 100;
const FROM = -100;
export const TO = 40;

export const always =
  (value: number): Course =>
  () =>
    value;

/** `value` from one minute to another, and what is usual before and after. */
export const between =
  (from: number, to: number, value: number, usual = USUAL_RATIO): Course =>
  (minute) =>
    minute >= from && minute < to ? value : usual;

/** Bad from the release on, until this minute. */
export const badUntil = (minute: number, ratio: number): Course => between(BAD_SINCE, minute, ratio);

/** Bad from the release on; from this minute on it is something else again. */
export const badThen =
  (ratio: number, minute: number, then: Course): Course =>
  (m) =>
    m < minute ? badUntil(minute, ratio)(m) : then(m);

/** Through these points of [minute, value], in a straight line from one to the next. */
export const through =
  (...points: readonly (readonly [number, number])[]): Course =>
  (minute) => {
    const after = points.findIndex(([at]) => at > minute);
    const [last] = points.slice(-1);
    if (after < 0) return last?.[1] ?? 0;
    const [fromAt, from] = points[Math.max(0, after - 1)] ?? [0, 0];
    const [toAt, to] = points[after] ?? [0, 0];
    return toAt === fromAt || minute <= fromAt ? from : from + ((to - from) * (minute - fromAt)) / (toAt - fromAt);
  };

export interface Traffic {
  readonly ratio?: Course;
  readonly rate?: Course;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly from?: number;
  /** Of the failed requests only: their series is there from the first failure, and as long as the pod that failed. */
  readonly failuresFrom?: number;
  readonly failuresTo?: number;
}

/** The requests of a service, answered and failed. */
export function traffic(service: string, script: Traffic = {}): readonly ScriptedSeries[] {
  const { ratio = always(USUAL_RATIO), rate = always(USUAL_RATE), from = FROM } = script;
  const name = script.name ?? 'http_requests_total';
  const labels = { service, ...script.labels };
  const { failuresFrom = from, failuresTo = TO } = script;
  return [
    { name, labels: { ...labels, code: '200' }, perSecond: (m) => rate(m) * (1 - ratio(m)), from, to: TO },
    {
      ...{ name, labels: { ...labels, code: '500' }, perSecond: (m) => rate(m) * ratio(m) },
      ...{ from: failuresFrom, to: failuresTo },
    },
  ];
}
