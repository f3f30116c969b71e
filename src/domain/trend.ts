export const IMPACT_TRENDS = ['growing', 'steady', 'shrinking'] as const;
export type ImpactTrend = (typeof IMPACT_TRENDS)[number];

/** A metric over the last minutes, oldest first. `least`: a difference that people would notice. */
export interface Course {
  readonly values: readonly number[];
  readonly least: number;
}

/**
 * Where the impact is heading. Growing: it has risen by a quarter and by more than noise, and not merely jumped back.
 * Null when nothing shows it: that is unknown, not steady.
 */
export function trendOf(courses: readonly Course[]): ImpactTrend | null {
  const trends = courses.flatMap((course) => headingOf(course) ?? []);
  if (trends.length === 0) return null;
  if (trends.includes('growing')) return 'growing';
  return trends.every((trend) => trend === 'shrinking') ? 'shrinking' : 'steady';
}

function headingOf({ values, least }: Course): ImpactTrend | null {
  const [first] = values;
  const last = values.at(-1);
  if (first === undefined || last === undefined || values.length < 2) return null;
  const between = values.slice(1, -1);
  if (last >= first * 1.25 && last - first >= least && between.every((value) => value >= first * 0.9)) return 'growing';
  return last <= first * 0.8 && first - last >= least ? 'shrinking' : 'steady';
}
