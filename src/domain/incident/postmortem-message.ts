import { redact } from '../redact.ts';
import { oneLine, shorten } from '../text.ts';
import { ms } from '../time.ts';
import type { RootCause } from './process-state.ts';
import type { IncidentState } from './state.ts';
import { lengthOf } from '../length.ts';
import { plural } from './words.ts';

const LONGEST_LINE = 300;

/** A post-mortem in a few lines of plain text, for the message that shares it. What is not known is said to be unknown. */
export const postmortemMessage = (state: IncidentState): string =>
  [
    `${state.drill === true ? 'DRILL: ' : ''}Post-mortem of ${state.id}: ${headline(state)}`,
    `Customer impact: ${impactLine(state)}`,
    `Root cause: ${causeLine(state.rootCauses)}`,
    `SLA: ${clocksLine(state)}`,
    `Action items: ${actionsLine(state)}`,
    `Follow-up review: ${state.review === null ? 'not scheduled' : state.review.dueAt.slice(0, 10)}`,
  ]
    .map((line) => shorten(oneLine(redact(line)), LONGEST_LINE))
    .join('\n');

const headline = ({ severity, service, environment, title }: IncidentState): string =>
  `${severity ?? 'unknown severity'} on ${service ?? 'unknown service'}${environment === null ? '' : ` (${environment})`}: ${title}`;

/** The share of users and how long: what a person stated wins over what was measured. */
function impactLine(state: Pick<IncidentState, 'statedImpact' | 'facts' | 'openedAt' | 'mitigatedAt'>): string {
  const measured = state.facts['usersAffectedPercent'];
  const share = state.statedImpact.usersAffectedPercent ?? (typeof measured === 'number' ? measured : null);
  const users = share === null ? 'unknown share of users' : `${share} % of users`;
  if (state.mitigatedAt === null) return `${users}, not restored yet`;
  return `${users} for ${lengthOf(Math.max(0, ms(state.mitigatedAt) - ms(state.openedAt)) / 1000)}`;
}

/** The confirmed cause, else the newest hypothesis that nobody refuted. */
export const rootCauseOf = (causes: readonly RootCause[]): RootCause | null =>
  causes.findLast(({ state }) => state === 'confirmed') ?? causes.findLast(({ state }) => state === 'proposed') ?? null;

function causeLine(causes: readonly RootCause[]): string {
  const cause = rootCauseOf(causes);
  return cause === null ? 'unknown' : `${cause.summary} (${cause.category}, ${cause.state})`;
}

function clocksLine({ clocks }: IncidentState): string {
  const breached = Object.entries(clocks).flatMap(([name, clock]) => (clock.state === 'breached' ? [name] : []));
  return breached.length === 0 ? 'no breach' : `breached: ${breached.join(', ')}`;
}

function actionsLine({ actions }: IncidentState): string {
  if (actions.length === 0) return 'none';
  const open = actions.filter(({ status }) => status === 'open').length;
  return `${plural(actions.length, 'item')}, ${open} open`;
}
