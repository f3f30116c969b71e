import { z } from 'zod';

/** What we read of Argo CD's objects; everything else in them is passed over. Times have a precision of a second. */
const source = z.record(z.string(), z.json());

/** A version as an operation, its result or the history tells of it: one source, or several with their revisions. */
const versioned = {
  revision: z.string().nullish(),
  revisions: z.array(z.string()).nullish(),
  source: source.nullish(),
  sources: z.array(source).nullish(),
};

const initiator = z.object({ username: z.string().nullish(), automated: z.boolean().nullish() });

const historyEntry = z.object({
  id: z.number().int(),
  ...versioned,
  deployedAt: z.string(),
  deployStartedAt: z.string().nullish(),
  /** Only newer versions of Argo CD say who. */
  initiatedBy: initiator.nullish(),
});

const operation = z.object({
  sync: z.object({ ...versioned, dryRun: z.boolean().nullish(), resources: z.array(z.unknown()).nullish() }).nullish(),
  initiatedBy: initiator.nullish(),
});

const resourceResult = z.object({
  kind: z.string().nullish(),
  namespace: z.string().nullish(),
  name: z.string().nullish(),
  status: z.string().nullish(),
  hookPhase: z.string().nullish(),
  message: z.string().nullish(),
});

const operationState = z.object({
  operation,
  phase: z.string(),
  message: z.string().nullish(),
  startedAt: z.string(),
  finishedAt: z.string().nullish(),
  syncResult: z.object({ ...versioned, resources: z.array(resourceResult).nullish() }).nullish(),
});

const health = z.object({ status: z.string().nullish(), message: z.string().nullish() });

const resource = z.object({
  kind: z.string().nullish(),
  namespace: z.string().nullish(),
  name: z.string().nullish(),
  health: health.nullish(),
});

export const applicationSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().nullish(),
    uid: z.string().nullish(),
    deletionTimestamp: z.string().nullish(),
  }),
  spec: z.object({
    project: z.string().nullish(),
    syncPolicy: z.object({ automated: z.object({ enabled: z.boolean().nullish() }).nullish() }).nullish(),
  }),
  /** Requested and not finished; taken away when the controller is through with it. */
  operation: operation.nullish(),
  status: z
    .object({
      history: z.array(historyEntry).nullish(),
      operationState: operationState.nullish(),
      sync: z.object({ status: z.string().nullish() }).nullish(),
      health: health.nullish(),
      resources: z.array(resource).nullish(),
      summary: z.object({ images: z.array(z.string()).nullish() }).nullish(),
      reconciledAt: z.string().nullish(),
    })
    .nullish(),
});

export const canISchema = z.object({ value: z.string() });
/** `canSync` is for a sync that a person or a token asks for, as a rollback is. */
export const syncWindowsSchema = z.object({ canSync: z.boolean().nullish() });

export type Application = z.infer<typeof applicationSchema>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type Operation = z.infer<typeof operation>;
export type OperationState = z.infer<typeof operationState>;
export type Initiator = z.infer<typeof initiator>;
/** Anything that names a version. */
export type Versioned = Pick<HistoryEntry, 'revision' | 'revisions' | 'source' | 'sources'>;
