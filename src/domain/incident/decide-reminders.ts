import type { Policy } from '../policy.ts';
import type { Instant } from '../time.ts';
import { iso, ms } from '../time.ts';
import type { Context } from './commands.ts';
import type { NewEvent } from './events.ts';
import type { ActionItem } from './process-state.ts';
import type { IncidentState } from './state.ts';

const DAY_MS = 86_400_000;
/** What is overdue is said again this often, until it is done. */
const AGAIN_MS = 7 * DAY_MS;

/** Epoch milliseconds of the next reminder of an action item or of the review; null: none is needed. Goes on after the closing. */
export function nextReminderAt(state: IncidentState, policy: Pick<Policy, 'learning'>): number | null {
  const due = [...state.actions.map((item) => actionDueAt(item, policy)), reviewDueAt(state)].filter(
    (at) => at !== null,
  );
  return due.length === 0 ? null : Math.min(...due);
}

/** Once before it is due, once when it is overdue, then weekly. Only what has a date and is not done. */
function actionDueAt(
  { status, dueAt, addedAt, remindedAt }: ActionItem,
  { learning }: Pick<Policy, 'learning'>,
): number | null {
  if (status !== 'open' || dueAt === null) return null;
  if (remindedAt !== null) return afterReminder(dueAt, remindedAt);
  const before = ms(dueAt) - learning.remindDays * DAY_MS;
  // Whoever gives so short a time needs no reminder of it.
  return before > ms(addedAt) ? before : ms(dueAt);
}

const reviewDueAt = ({ review }: IncidentState): number | null => {
  if (review === null || review.heldAt !== null) return null;
  return review.remindedAt === null ? ms(review.dueAt) : afterReminder(review.dueAt, review.remindedAt);
};

const afterReminder = (dueAt: Instant, remindedAt: Instant): number =>
  ms(remindedAt) < ms(dueAt) ? ms(dueAt) : ms(remindedAt) + AGAIN_MS;

/** The timer came: everything that is due is reminded of, once, however late. */
export function remind(state: IncidentState, { now, policy }: Context): readonly NewEvent[] {
  const actions = state.actions.filter((item) => isDue(actionDueAt(item, policy), now));
  const reminded: readonly NewEvent[] = actions.map(({ id, dueAt }) => ({
    type: 'action-reminded',
    data: { id, overdue: dueAt !== null && ms(dueAt) <= now },
  }));
  const { review } = state;
  if (review === null || !isDue(reviewDueAt(state), now)) return reminded;
  return [...reminded, { type: 'review-reminded', data: { dueAt: review.dueAt } }];
}

const isDue = (at: number | null, now: number): boolean => at !== null && at <= now;

/** The review of what was learned. Once an incident. */
export function scheduleReview(state: IncidentState, { now, policy }: Context): readonly NewEvent[] {
  if (state.review !== null) return [];
  return [{ type: 'review-due', data: { dueAt: iso(now + policy.learning.reviewDays * DAY_MS) } }];
}
