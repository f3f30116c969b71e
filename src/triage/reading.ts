import { IMPACT_FACTS, type ImpactFact } from './catalogue.ts';

/** A number read from a text, or why it cannot be used. */
export type Reading = { readonly value: number } | { readonly wrong: string };

/** Impact facts that an alert can carry, with the annotation or label that holds them. */
export const ALERT_READINGS = {
  usersAffectedPercent: 'users_affected_percent',
  errorRatio: 'error_ratio',
  latencyP95Seconds: 'latency_p95_seconds',
} as const satisfies Partial<Record<ImpactFact, string>>;

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(%|ms|s)?$/i;
const MAX_TEXT = 40;

/** Reads "67", "67.5 %", "0.45", "45%", "1.2s" or "850ms". Everything else is no number: guessing here rolls back. */
export function readImpact(fact: keyof typeof ALERT_READINGS, text: string): Reading {
  const trimmed = text.trim();
  const shown = JSON.stringify(trimmed.length > MAX_TEXT ? `${trimmed.slice(0, MAX_TEXT)}…` : trimmed);
  const [, digits, unit = ''] = (trimmed.length > MAX_TEXT ? null : NUMBER.exec(trimmed)) ?? [];
  const factor = UNITS[fact][unit.toLowerCase()];
  if (digits === undefined) return { wrong: `${shown} is not a number` };
  if (factor === undefined) return { wrong: `${shown} has a unit that does not fit` };
  return withinRange(fact, Number(digits) * factor, shown);
}

const UNITS: Readonly<Record<keyof typeof ALERT_READINGS, Readonly<Record<string, number>>>> = {
  usersAffectedPercent: { '': 1, '%': 1 },
  errorRatio: { '': 1, '%': 0.01 },
  latencyP95Seconds: { '': 1, s: 1, ms: 0.001 },
};

const HIGHEST: ReadonlyMap<string, number> = new Map([
  ['usersAffectedPercent', 100],
  ['errorRatio', 1],
  ['errorRatioBaseline', 1],
]);

// Sums of floating point rates end a hair above 100 %.
const ROUNDING = 1e-6;

/** Refuses a number that the fact cannot have. A fact that is no impact fact may be any finite number. */
export function withinRange(fact: string, value: number, shown = String(value)): Reading {
  if (!Number.isFinite(value)) return { wrong: `${shown} is not a finite number` };
  if (!isImpact(fact)) return { value };
  if (value < 0) return { wrong: `${shown} is negative` };
  const highest = HIGHEST.get(fact);
  if (highest === undefined || value <= highest) return { value };
  return value <= highest * (1 + ROUNDING) ? { value: highest } : { wrong: `${shown} is more than ${highest}` };
}

const isImpact = (fact: string): boolean => (IMPACT_FACTS as readonly string[]).includes(fact);
