import type { ResourceType } from './objects.ts';
import { RESOURCES } from './resources.ts';
import type { Store } from './store.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly accept: string;
  readonly body: string;
  readonly userAgent: string;
}

export interface Target {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

/** What a path names, or null when the fake serves nothing there. */
export const targetOf = (path: string): Target | null => {
  const found = PATH.exec(decodeURIComponent(path))?.groups ?? {};
  const { group = '', version, namespace, resource, name, subresource } = found;
  const type = RESOURCES.find((one) => one.group === group && one.version === version && one.resource === resource);
  return type === undefined ? null : { type, namespace, name, subresource };
};

/** The server knows a custom resource only where its definition is; here that is where there is an object of it. */
export const isInstalled = (store: Store, type: ResourceType): boolean =>
  type.custom !== true || store.list(type.resource).length > 0;
