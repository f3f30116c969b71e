import type { Instant } from '../domain/time.ts';

const isMoment = (at: Instant): boolean => !Number.isNaN(Date.parse(at));

/** `2024-01-15 14:32:15`, in UTC. What is no moment is shown as it is. */
export const moment = (at: Instant): string =>
  isMoment(at) ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : at;

export const day = (at: Instant): string => moment(at).slice(0, 10);

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A sentence that the software made, with its moments as people read them. */
export const readable = (sentence: string): string => sentence.replace(INSTANT, (at) => moment(at));

/** `14:32:15`, where the day is known from elsewhere. */
export const timeOfDay = (at: Instant): string => (isMoment(at) ? moment(at).slice(11) : at);
