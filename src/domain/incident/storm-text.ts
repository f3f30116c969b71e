import { SEVERITIES } from '../severity.ts';
import type { Storm } from './process-state.ts';
import { plural } from './words.ts';

const NAMED = 10;

/** One line that stands for all the incidents of a storm. */
export function describeStorm(storm: Storm): string {
  const { over } = storm;
  if (over === undefined) return `Storm: ${extent(storm)}`;
  if (over.stillFiring === 0) return `The storm is over: ${extent(storm)}. None of those held back fires any more`;
  const others = over.stillFiring > over.ids.length ? ` and ${over.stillFiring - over.ids.length} more` : '';
  return `The storm is over: ${extent(storm)}. Still firing, and heard of again from now on: ${over.ids.join(', ')}${others}`;
}

function extent({ incidents, services, bySeverity }: Storm): string {
  const counts = SEVERITIES.flatMap((severity) => {
    const n = bySeverity[severity] ?? 0;
    return n === 0 ? [] : [`${n} ${severity}`];
  });
  const more = services.length > NAMED ? ` and ${services.length - NAMED} more` : '';
  const named = services.length === 0 ? '' : `: ${services.slice(0, NAMED).join(', ')}${more}`;
  const severities = counts.length === 0 ? '' : ` (${counts.join(', ')})`;
  return `${plural(incidents, 'incident')}${severities} on ${plural(services.length, 'service')}${named}`;
}
