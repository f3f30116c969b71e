/** Argo CD's objects as its API writes them, as far as the fake keeps them. Field names are those of `types.go`. */
export interface FakeSource {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  helm?: { parameters?: { name: string; value: string }[] };
  kustomize?: { images?: string[] };
}

export interface FakeVersion {
  revision?: string;
  revisions?: string[];
  source?: FakeSource;
  sources?: FakeSource[];
}

export interface FakeInitiator {
  username?: string;
  automated?: boolean;
}

interface FakeHistoryEntry extends FakeVersion {
  id: number;
  deployedAt: string;
  deployStartedAt?: string;
  initiatedBy?: FakeInitiator;
}

export interface FakeOperation {
  sync: FakeVersion & { dryRun?: boolean; prune?: boolean; resources?: { kind: string; name: string }[] };
  initiatedBy: FakeInitiator;
}

export interface FakeOperationState {
  operation: FakeOperation;
  phase: 'Running' | 'Succeeded' | 'Failed' | 'Error' | 'Terminating';
  message: string;
  startedAt: string;
  finishedAt?: string;
  syncResult?: FakeVersion & { resources?: FakeResourceResult[] };
}

interface FakeResourceResult {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  status?: string;
  message?: string;
}

interface FakeResource {
  kind: string;
  namespace: string;
  name: string;
  health?: { status: string; message?: string };
}

export interface FakeApplication {
  metadata: { name: string; namespace: string; uid: string; deletionTimestamp?: string };
  spec: FakeVersion & {
    project: string;
    revisionHistoryLimit?: number;
    syncPolicy?: { automated?: { prune?: boolean; selfHeal?: boolean; enabled?: boolean } };
  };
  operation?: FakeOperation;
  status: {
    history: FakeHistoryEntry[];
    operationState?: FakeOperationState;
    sync: { status: string; revision?: string };
    health: { status: string; message?: string };
    resources: FakeResource[];
    summary: { images?: string[] };
    reconciledAt?: string;
  };
}

/** The name of what a version deploys: how tests say which one is bad. */
export const labelOf = (version: FakeVersion): string => {
  const parameters = version.source?.helm?.parameters?.map(({ name, value }) => `${name}=${value}`) ?? [];
  return [...(version.revisions ?? [version.revision ?? '']), ...parameters].join(' ');
};
