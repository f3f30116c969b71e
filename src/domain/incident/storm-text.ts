import { SEVERITIES } from '../severity.ts';
import type { Storm } from './process-state.ts';
import { plural } from './words.ts';

const NAMED = 10;

/** One line that stands for all the incidents of a storm. */
export function describeStorm({ incidents, services, bySeverity }: Storm): string {
  const counts = SEVERITIES.flatMap((severity) => {
    const n = bySeverity[severity] ?? 0;
    return n === 0 ? [] : [`${n} ${severity}`];
  });
  const more = services.length > NAMED ? ` and ${services.length - NAMED} more` : '';
  const named = services.length === 0 ? '' : `: ${services.slice(0, NAMED).join(', ')}${more}`;
  const severities = counts.length === 0 ? '' : ` (${counts.join(', ')})`;
  return `Storm: ${plural(incidents, 'incident')}${severities} on ${plural(services.length, 'service')}${named}`;
}
