import type { KubeObject } from './objects.ts';

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;

const termOf = (term: string): Test => {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const compared = /^([^!=]+)(==|=|!=)(.*)$/.exec(term);
  if (compared !== null) {
    const [, key = '', operator, value] = compared;
    return (labels) => (labels[key.trim()] === value?.trim()) === (operator !== '!=');
  }
  return term.startsWith('!') ? (labels) => !(term.slice(1) in labels) : (labels) => term in labels;
};

const labelTest = (selector: string): Test => {
  const terms = selector.split(/,(?![^(]*\))/).filter((term) => term.trim() !== '');
  const tests = terms.map((term) => termOf(term.trim()));
  return (labels) => tests.every((test) => test(labels));
};

const fieldOf = (object: KubeObject, field: string): unknown =>
  field.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], object);

/** The test that a LIST or WATCH with these parameters puts to each object. */
export const matcher = (query: URLSearchParams): ((object: KubeObject) => boolean) => {
  const byLabels = labelTest(query.get('labelSelector') ?? '');
  const fields = (query.get('fieldSelector') ?? '').split(',').filter((term) => term !== '');
  return (object) =>
    byLabels(object.metadata.labels ?? {}) &&
    fields.every((term) => {
      const [field = '', value] = term.split(/==?/);
      return fieldOf(object, field) === value;
    });
};
