import type { JsonObject } from '../../../domain/json.ts';
import type { ObjectMeta } from './objects.ts';
import { FIELD_MANAGER } from './requests.ts';
import { objectAt } from './template.ts';

/** Somebody's last write to an object, as the server recorded it. */
export interface Write {
  readonly manager: string;
  /** RFC 3339, to the second. */
  readonly time: string;
}

/** True when the write touched the pod template, or when nobody can say what it touched. */
const mayHoldTemplate = (fields: JsonObject | undefined): boolean =>
  fields === undefined || objectAt(fields, 'f:spec')['f:template'] !== undefined;

/** Writes to the object itself, oldest first. Status and scale have records of their own. */
const writesOf = ({ managedFields = [] }: ObjectMeta): readonly (Write & { readonly fields?: JsonObject })[] =>
  managedFields
    .filter(({ subresource }) => subresource === undefined)
    .map(({ manager = '', time = '', fieldsV1 }) => ({
      manager,
      time,
      ...(fieldsV1 === undefined ? {} : { fields: fieldsV1 }),
    }))
    .toSorted((a, b) => a.time.localeCompare(b.time));

/**
 * When the server recorded our write, if no other write to the object itself came after it; tells a rollout that we
 * began before a crash from one that we did not.
 */
export const ourWriteAt = (meta: ObjectMeta): string | null => {
  const last = writesOf(meta).at(-1);
  return last?.manager === FIELD_MANAGER ? last.time : null;
};

/** Who last wrote to the pod template, unless that was us or before `sinceMs`; null when the record does not say. */
export const templateWriteSince = (meta: ObjectMeta, sinceMs: number): Write | null => {
  const others = writesOf(meta).filter(({ manager, fields }) => manager !== FIELD_MANAGER && mayHoldTemplate(fields));
  const last = others.at(-1);
  // The server keeps whole seconds.
  return last !== undefined && Date.parse(last.time) >= Math.floor(sinceMs / 1000) * 1000 ? last : null;
};
