import { type Refused, refused, type WorkloadKind } from './workload.ts';

export const REVISION_LABEL = 'controller-revision-hash';

/** With OnDelete the controller leaves the pods alone: a change of the template is no rollback of anything. */
export const onDeleteObstacle = (
  kind: WorkloadKind['kind'],
  { spec }: { readonly spec: { readonly updateStrategy?: { readonly type?: string } } },
): Refused | null =>
  spec.updateStrategy?.type === 'OnDelete'
    ? refused('unsupported', `The ${kind} has the update strategy OnDelete: its pods would keep the version they have`)
    : null;
