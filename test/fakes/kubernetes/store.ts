import { randomUUID } from 'node:crypto';
import { isSame } from './equality.ts';
import { changedPaths, entryOf, type Leaves, ownedPaths, signedBy } from './managed-fields.ts';
import { isOwnedBy, type KubeObject, timestamp } from './objects.ts';
import { apiVersionOf, resourceType } from './resources.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: string;
  readonly version: number;
  readonly object: KubeObject;
}

/** Who writes, for `managedFields`. */
export interface WriteOptions {
  readonly manager: string;
  readonly operation?: 'Apply' | 'Update';
  readonly subresource?: string;
  /** What a server-side apply holds from now on; anybody else holds what they change. */
  readonly applied?: Leaves;
}

const keyOf = (resource: string, namespace: string | undefined, name: string): string =>
  `${resource}/${namespace ?? ''}/${name}`;

/**
 * The objects of the cluster. Every write that changes something takes a new resourceVersion and tells the listeners;
 * a change of `spec` takes a new generation. Objects go in and out as copies.
 */
export class Store {
  readonly #objects = new Map<string, KubeObject>();
  readonly #events: StoreEvent[] = [];
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #now: () => number;
  #version = 1000;

  constructor(now: () => number) {
    this.#now = now;
  }

  get version(): number {
    return this.#version;
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | null {
    const found = this.#objects.get(keyOf(resource, namespace, name));
    return found === undefined ? null : structuredClone(found);
  }

  list(resource: string, namespace?: string): KubeObject[] {
    const prefix = namespace === undefined ? `${resource}/` : `${resource}/${namespace}/`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.map(([, object]) => structuredClone(object));
  }

  /** Creates the object, or puts it in the place of the one of its name. Returns what is stored then. */
  put(resource: string, object: KubeObject, options: WriteOptions): KubeObject {
    const { namespace, name } = object.metadata;
    const before = this.#objects.get(keyOf(resource, namespace, name));
    const next = before === undefined ? this.#born(resource, object) : this.#grown(before, object);
    if (before !== undefined && isSame(next, before)) return structuredClone(before);
    this.#version += 1;
    next.metadata.resourceVersion = String(this.#version);
    this.#sign(next, before, options);
    this.#objects.set(keyOf(resource, namespace, name), next);
    this.#emit({ type: before === undefined ? 'ADDED' : 'MODIFIED', resource, version: this.#version, object: next });
    return structuredClone(next);
  }

  /** What `put` would store, without storing it. */
  preview(resource: string, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    const before = this.#objects.get(keyOf(resource, namespace, name));
    return before === undefined ? this.#born(resource, object) : this.#grown(before, object);
  }

  /** Removes the object and everything that it owns. */
  remove(resource: string, namespace: string | undefined, name: string): void {
    const key = keyOf(resource, namespace, name);
    const gone = this.#objects.get(key);
    if (gone === undefined) return;
    this.#objects.delete(key);
    this.#version += 1;
    this.#emit({ type: 'DELETED', resource, version: this.#version, object: gone });
    for (const [ownedKey, owned] of [...this.#objects]) {
      if (!isOwnedBy(owned, gone.metadata.uid)) continue;
      this.remove(ownedKey.split('/')[0] ?? '', owned.metadata.namespace, owned.metadata.name);
    }
  }

  /** Everything that happened after a version, oldest first. */
  since(version: number): StoreEvent[] {
    return this.#events.filter((event) => event.version > version);
  }

  onEvent(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #born(resource: string, object: KubeObject): KubeObject {
    const type = resourceType(resource);
    const next = structuredClone(object);
    next.apiVersion = apiVersionOf(type);
    next.kind = type.kind;
    next.metadata.uid = randomUUID();
    next.metadata.creationTimestamp = timestamp(this.#now());
    if (next.spec !== undefined) next.metadata.generation = 1;
    return next;
  }

  #grown(before: KubeObject, object: KubeObject): KubeObject {
    const next = structuredClone(object);
    const { uid, creationTimestamp, generation, resourceVersion, managedFields } = before.metadata;
    Object.assign(next.metadata, { uid, creationTimestamp, generation, resourceVersion, managedFields });
    if (managedFields === undefined) delete next.metadata.managedFields;
    if (generation === undefined) delete next.metadata.generation;
    else if (!isSame(next.spec, before.spec)) next.metadata.generation = generation + 1;
    return next;
  }

  #sign(object: KubeObject, before: KubeObject | undefined, options: WriteOptions): void {
    const { manager, operation = 'Update', subresource, applied } = options;
    const writer = { manager, operation, ...(subresource === undefined ? {} : { subresource }) };
    const changed = changedPaths(before ?? {}, object);
    const held = ownedPaths(entryOf(object, writer) ?? {});
    const owned = applied === undefined ? new Set([...held, ...changed]) : new Set(applied.keys());
    if (owned.size === 0) return;
    object.metadata.managedFields = signedBy(object, writer, changed, owned, timestamp(this.#now()));
  }

  #emit(event: StoreEvent): void {
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}
