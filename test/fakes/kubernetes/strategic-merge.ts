import { isSame } from './equality.ts';
import { isFields, isSet, mergeKeyOf } from './lists.ts';
import type { Fields } from './objects.ts';

const DIRECTIVE = /^\$(patch|retainKeys|setElementOrder|deleteFromPrimitiveList)/;

const withoutDirectives = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter((one) => !isDeletion(one)).map(withoutDirectives);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).filter(([key, inner]) => !DIRECTIVE.test(key) && inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutDirectives(inner)]));
};

const isDeletion = (value: unknown): boolean => isFields(value) && value['$patch'] === 'delete';
const isReplacement = (value: unknown): boolean => isFields(value) && value['$patch'] === 'replace';

const inOrder = (list: readonly Fields[], key: string, order: unknown): Fields[] => {
  if (!Array.isArray(order)) return [...list];
  const wanted = order.map((one) => (isFields(one) ? one[key] : one));
  const place = (one: Fields): number => (wanted.includes(one[key]) ? wanted.indexOf(one[key]) : wanted.length);
  return list.toSorted((a, b) => place(a) - place(b));
};

const mergeByKey = (current: readonly Fields[], patch: readonly Fields[], key: string): Fields[] => {
  const merged = [...current];
  for (const change of patch) {
    const at = merged.findIndex((one) => isSame(one[key], change[key]));
    if (isDeletion(change)) merged.splice(at === -1 ? merged.length : at, 1);
    else if (at === -1) merged.push(withoutDirectives(change) as Fields);
    else merged[at] = mergeFields(merged[at] ?? {}, change);
  }
  return merged;
};

const mergeList = (field: string, current: readonly unknown[], patch: readonly unknown[], order: unknown): unknown => {
  if (patch.some(isReplacement)) return withoutDirectives(patch.filter((one) => !isReplacement(one)));
  if (isSet(field)) return [...new Set([...current, ...patch])];
  const key = mergeKeyOf(field, current, patch);
  if (key === null) return withoutDirectives(patch);
  return inOrder(mergeByKey(current as Fields[], patch as Fields[], key), key, order);
};

const without = (list: unknown, gone: unknown): unknown =>
  Array.isArray(list) && Array.isArray(gone) ? list.filter((one) => !gone.includes(one)) : list;

const mergeValue = (field: string, current: unknown, change: unknown, order: unknown): unknown => {
  if (Array.isArray(change)) return mergeList(field, Array.isArray(current) ? current : [], change, order);
  return isFields(change) ? mergeFields(isFields(current) ? current : {}, change) : change;
};

const mergeFields = (current: Fields, patch: Fields): Fields => {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch) as Fields;
  if (patch['$patch'] === 'delete') return {};
  const retained = patch['$retainKeys'];
  const kept = Object.entries(current).filter(([key]) => !Array.isArray(retained) || retained.includes(key));
  const result: Fields = Object.fromEntries(kept);
  for (const [key, change] of Object.entries(patch)) {
    const [, list] = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key) ?? [];
    if (list !== undefined) result[list] = without(result[list], change);
    if (DIRECTIVE.test(key)) continue;
    if (change === null) Reflect.deleteProperty(result, key);
    else result[key] = mergeValue(key, result[key], change, patch[`$setElementOrder/${key}`]);
  }
  return result;
};

/** A strategic merge patch: maps are merged, lists by their merge key or as a whole, `$` directives as documented. */
export const applyStrategicMerge = <T extends Fields>(document: T, patch: Fields): T =>
  mergeFields(structuredClone(document), structuredClone(patch)) as T;
