import { hash } from 'node:crypto';

type Texts = Readonly<Record<string, string>>;

const FINGERPRINT_DIGITS = 16;

/** An identity made of labels alone, the same for any order of them. Sixteen hex digits, like Alertmanager's own. */
export const fingerprintOf = (labels: Texts): string =>
  hash('sha256', joined(canonical(labels)), 'hex').slice(0, FINGERPRINT_DIGITS);

/** What replicas of a Prometheus agree on: the fingerprint, or without the ignored labels if there are any. */
export function identityOf(fingerprint: string, labels: Texts, ignoreLabels: readonly string[]): string {
  if (!ignoreLabels.some((name) => Object.hasOwn(labels, name))) return fingerprint;
  const agreed = { ...labels };
  for (const name of ignoreLabels) Reflect.deleteProperty(agreed, name);
  return fingerprintOf(agreed);
}

export interface Content {
  readonly status: string;
  /** Null when the source did not say: what we put there instead is ours, and new each time. */
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  readonly generatorUrl: string | null;
  readonly labels: Texts;
  readonly annotations: Texts;
}

/**
 * Over everything that the alert says, and nothing of how it came to us: equal for two words exactly if the second
 * says nothing new. It guards against accidents, not against forgery (who can send an alert needs no collision).
 */
export function contentHashOf(says: Content): string {
  const labels = canonical(says.labels);
  const { status, startsAt, endsAt, generatorUrl } = says;
  // How many labels there are tells where the annotations begin.
  const head = [status, startsAt ?? '', endsAt ?? '', generatorUrl ?? '', String(labels.length)];
  return hash('sha1', joined(head.concat(labels, canonical(says.annotations))), 'hex');
}

/** One text for one list: what comes in here is storable, so NUL is in none of the parts. */
const joined = (parts: readonly string[]): string => parts.join('\0');

/** Names and values in one order, as a flat list. */
function canonical(record: Texts): string[] {
  const names = Object.keys(record);
  const flat: string[] = [];
  for (const name of isSorted(names) ? names : names.sort()) flat.push(name, record[name] ?? '');
  return flat;
}

/** Go sorts the names of a map when it writes it, so mostly there is nothing to do. */
function isSorted(names: readonly string[]): boolean {
  let previous = '';
  for (const name of names) {
    if (name < previous) return false;
    previous = name;
  }
  return true;
}
