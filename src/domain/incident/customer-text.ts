import type { IncidentState } from './state.ts';

export type CustomerNews = 'opened' | 'update' | 'restored' | 'reopened' | 'resolved' | 'retracted' | 'merged';

/** What customers read: neutral, in whole sentences, and nothing of how things are built or called inside. */
export function customerText(state: IncidentState, news: CustomerNews): string {
  const name = state.service ?? 'one of our services';
  switch (news) {
    case 'opened':
      return `We are investigating a problem with ${name}. Some users may see errors or slow responses.`;
    case 'update':
      return progress(state, name);
    case 'restored':
      return `The problem with ${name} has been mitigated and it works again. We are watching it closely.`;
    case 'reopened':
      return `The problem with ${name} has come back. We are working on it.`;
    case 'resolved':
      return `The problem with ${name} is resolved. We are sorry for the trouble.`;
    case 'retracted':
      return `We reported a problem with ${name}. That was a false alarm: it was not affected. We are sorry for the confusion.`;
    case 'merged':
      return `The problem with ${name} is part of another one, which we report on separately.`;
  }
}

/** Between the news: at work on it, or watching. */
function progress({ status, rollback }: IncidentState, name: string): string {
  if (status === 'mitigated') return `${capital(name)} works again. We are still watching it closely.`;
  const acts = rollback !== null && ACTING.has(rollback.stage);
  return acts
    ? `We have found a possible cause of the problem with ${name} and are working on it. Some users may still see errors.`
    : `We are still investigating the problem with ${name}. Some users may still see errors.`;
}

const ACTING: ReadonlySet<string> = new Set(['announced', 'executing', 'validating']);

const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

/** How a status page calls where it stands. */
export function pageStatus({
  status,
  rollback,
}: IncidentState): 'investigating' | 'identified' | 'monitoring' | 'resolved' {
  if (status === 'mitigated') return 'monitoring';
  if (status === 'resolved' || status === 'closed') return 'resolved';
  return rollback !== null && ACTING.has(rollback.stage) ? 'identified' : 'investigating';
}
