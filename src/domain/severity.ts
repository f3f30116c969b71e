export const SEVERITIES = ['P0', 'P1', 'P2', 'P3'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** True when `a` is worse than `b`: P0 is worse than P1. */
export const isWorse = (a: Severity, b: Severity): boolean => a < b;

/** P0 and P1 page, post and roll back at once; their jobs have a lane of their own. */
export const isUrgent = (severity: Severity): boolean => severity === 'P0' || severity === 'P1';
