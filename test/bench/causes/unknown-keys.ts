/** The keys of each part; what a part with a trailing `*` holds beside them is read, too. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['id', 'title', 'source', 'note', 'services', 'timeline', 'metrics', 'ifRolledBack', 'expected', 'difficulty'],
  'services[]': ['service', 'dependsOn', 'customerFacing', 'hasRollbackPlan', 'steps'],
  'timeline[]': [
    ...['atSeconds', 'kind', 'id', 'type', 'service', 'from', 'to', 'state', 'claimedAtSeconds', 'by'],
    ...['alert', 'severity', 'environment', 'annotations', 'activeAtSeconds', 'count'],
    ...['workload', 'action', 'seconds', 'what'],
  ],
  'timeline[].workload': ['revisions', 'paused', 'owner', 'autoSync', 'gone', 'dataCompatible'],
  'timeline[].workload.revisions[]': ['revision', 'desired', 'ready', 'state'],
  expected: ['severity', 'severityAlso', 'decision', 'alsoAcceptable', 'mustNot', 'verdictAfter', 'why'],
  'expected.decision': ['action', 'target', 'byAtSeconds'],
  'expected.alsoAcceptable[]': ['action', 'target', 'byAtSeconds'],
  'expected.mustNot[]': ['action', 'what', 'beforeSeconds', 'afterSeconds'],
};
const FOR_PEOPLE = ['note', 'why', 'title'];

/** Fields of a raw scenario that are not read: a slip of the pen, or a note whose comma ended it. */
export function unknownKeys(raw: unknown): readonly string[] {
  const found: string[] = [];
  walk(raw, '', '', found);
  return found;
}

function walk(value: unknown, part: string, field: string, found: string[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, `${part}[]`, `${field}[${index}]`, found);
    return;
  }
  const known = KEYS[part];
  if (typeof value !== 'object' || value === null || known === undefined) return;
  for (const [key, inside] of Object.entries(value)) {
    const at = part === '' ? key : `${part}.${key}`;
    const shown = field === '' ? key : `${field}.${key}`;
    if (known.includes(key)) walk(inside, at, shown, found);
    else if (!FOR_PEOPLE.includes(key)) found.push(shown);
  }
}
