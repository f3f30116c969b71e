import type { JsonObject } from '../../../domain/json.ts';
import type { Refusal } from '../../ports.ts';
import type { Answer } from './answer.ts';
import { type ArgocdConnection, send } from './client.ts';
import type { ArgocdStep } from './config.ts';
import { type Application, applicationSchema } from './objects.ts';
import { type Sync, whoOf } from './state.ts';
import { shortOf } from './version.ts';

/** An Application of an Argo CD that we can talk to. */
export interface Site {
  readonly connection: ArgocdConnection;
  readonly step: ArgocdStep;
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string };

export const refused = (refusal: Refusal, message: string): Refused => ({ kind: 'refused', refusal, message });

export const pathOf = ({ step }: Site, below = ''): string =>
  `/api/v1/applications/${encodeURIComponent(step.application)}${below}`;

export const scopeOf = ({ step }: Site): Readonly<Record<string, string>> => ({
  ...(step.namespace === null ? {} : { appNamespace: step.namespace }),
  ...(step.project === null ? {} : { project: step.project }),
});

/** The Application as it is now. `refresh`: Argo CD compares it with the cluster first, which takes seconds. */
export const readApplication = (site: Site, signal: AbortSignal, refresh = false): Promise<Answer<Application>> => {
  const query = { ...scopeOf(site), ...(refresh ? { refresh: 'normal' } : {}) };
  return send(site.connection, { path: pathOf(site), query, schema: applicationSchema }, signal);
};

/** Asks for the rollback. It is an operation like any sync: accepted here, carried out later. */
export const postRollback = (
  site: Site,
  historyId: number,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Answer<Application>> => {
  const { application, prune } = site.step;
  const body: JsonObject = { name: application, id: historyId, dryRun, prune, ...scopeOf(site) };
  return send(site.connection, { path: pathOf(site, '/rollback'), body, schema: applicationSchema }, signal);
};

export const describeSync = (sync: Sync): string => {
  const said = sync.state?.message ?? '';
  const what = `${sync.dryRun ? 'a dry run of' : 'a sync to'} ${shortOf(sync.version)} by ${whoOf(sync.initiator)}`;
  return said === '' ? what : `${what} (${said})`;
};

/** Automated sync would put Git's version back, so Argo CD refuses. Newer versions can switch it off in place. */
const isAutomated = ({ spec }: Application): boolean => {
  const automated = spec.syncPolicy?.automated;
  return automated != null && automated.enabled !== false;
};

/** Why this Application cannot be rolled back as it stands, whatever the target; null when nothing speaks against it. */
export const obstacleOf = (application: Application): Refused | null => {
  const { name, deletionTimestamp } = application.metadata;
  if (deletionTimestamp != null) return refused('not-found', 'The Application is being deleted');
  if (!isAutomated(application)) return null;
  const how = `switch it off (argocd app set ${name} --sync-policy none) or revert in Git`;
  return refused('owned-by-another', `Automated sync is on, with which Argo CD refuses a rollback: ${how}`);
};
