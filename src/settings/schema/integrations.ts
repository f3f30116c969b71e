import { z } from 'zod';

import { baseUrl, group, name, named, orNull, seconds, text } from './primitives.ts';
import type { SecretSchema } from './primitives.ts';

const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'is not the name of an HTTP header');

const headers = (secret: SecretSchema) =>
  named(
    headerName,
    secret.refine((value) => !/[\r\n\0]/.test(value.reveal()), { error: 'a header cannot have a line break' }),
  );

export const alertmanagerSchema = (secret: SecretSchema) => orNull(group({ url: baseUrl, headers: headers(secret) }));

export const prometheusSchema = (secret: SecretSchema) =>
  // A P0 is decided while this is waited for.
  orNull(group({ url: baseUrl, headers: headers(secret), timeoutSeconds: seconds.default(5) }));

export const argocdSchema = (secret: SecretSchema) => orNull(group({ url: baseUrl, token: secret }));

/** Gives the absolute path of a file that the configuration names. */
export type ResolvePath = (path: string) => string;

const cluster = (resolve: ResolvePath) =>
  z.preprocess(
    (value) => (value === 'in-cluster' ? { inCluster: true } : (value ?? {})),
    group({
      inCluster: z.boolean().default(false),
      kubeconfig: orNull(text.regex(/^(?!~)/, '~ is not expanded; write ${HOME}').transform((path) => resolve(path))),
      context: orNull(text),
    }).refine((value) => !value.inCluster || (value.kubeconfig === null && value.context === null), {
      error: 'inCluster goes without kubeconfig and context',
    }),
  );

/** `in-cluster` alone is one cluster of that name. */
export const kubernetesSchema = (resolve: ResolvePath) =>
  z
    .preprocess(
      (value) => (value === 'in-cluster' ? { clusters: { 'in-cluster': value } } : (value ?? {})),
      group({ clusters: named(name, cluster(resolve)) }),
    )
    .prefault({});
