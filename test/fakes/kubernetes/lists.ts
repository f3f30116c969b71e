import type { Fields } from './objects.ts';

/** The field that tells the elements of a list apart when two versions of it are merged; other lists are one value. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  ports: ['containerPort', 'port'], // of a container, of a Service
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
  ownerReferences: ['uid'],
  conditions: ['type'],
};

/** Lists of plain values that are merged as sets. */
export const isSet = (field: string): boolean => field === 'finalizers';

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The merge key of a list of this name, or null where it is replaced as a whole. */
export const mergeKeyOf = (field: string, ...lists: readonly (readonly unknown[])[]): string | null => {
  const elements = lists.flat();
  const keys = KEYS[field] ?? [];
  return keys.find((key) => elements.every((element) => isFields(element) && key in element)) ?? null;
};
