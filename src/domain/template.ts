/** What a message template may name, written `{severity}`. */
export const PLACEHOLDERS = [
  'severity',
  'service',
  'title',
  'status',
  'message',
  'id',
  'environment',
  'rollback',
] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];

const PLACEHOLDER = /\{\s*([A-Za-z_][\w.-]*)\s*\}/g;

const isKnown = (name: string): name is Placeholder => (PLACEHOLDERS as readonly string[]).includes(name);

/** Names in braces that no message can fill, each once. */
export function unknownPlaceholders(template: string): readonly string[] {
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => !isKnown(name));
}

/** The template with its values. What a value says is data: braces in it stay as they are. */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replace(PLACEHOLDER, (braced, name: string) => (isKnown(name) ? values[name] : braced));
}
