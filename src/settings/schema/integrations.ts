import { z } from 'zod';

import { baseUrl, group, httpUrl, list, name, named, orNull, seconds, section, text } from './primitives.ts';
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

const variable = z.string().regex(/^[A-Za-z_]\w*$/, 'is not the name of an environment variable');

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

/** Endpoints of the team's own that roll back on request. A step names one; its secret never leaves the settings. */
export const rollbackWebhooksSchema = (secret: SecretSchema) => named(name, group({ url: httpUrl, secret }));

/** What steps of the provider `command` may run: nothing unless it is named here. */
export const commandsSchema = section({ allowed: list(text), environment: list(variable) });

export const helmSchema = section({ path: text.default('helm'), environment: list(variable) });
