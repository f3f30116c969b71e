import type { ControllerRevision } from './objects.ts';
import { objectAt, without, withoutHash } from './template.ts';
import { toInstant } from './time.ts';
import type { Revision } from './workload.ts';

/** The template in a ControllerRevision, whose data is a patch that replaces it. */
export const templateOf = ({ data }: ControllerRevision): Revision['template'] =>
  withoutHash(without(objectAt(objectAt(data, 'spec'), 'template'), '$patch'));

/**
 * The version that a ControllerRevision stands for. Its name is made of the hash of its content and is what renumbering
 * leaves alone; pods of a StatefulSet and of a DaemonSet have the same names in every version.
 */
export const revisionOf = (remembered: ControllerRevision, hash: string): Revision | null => {
  const { metadata, revision } = remembered;
  if (!Number.isInteger(revision) || metadata.name === undefined) return null;
  return {
    number: revision,
    identity: metadata.name,
    hash,
    since: toInstant(metadata.creationTimestamp),
    template: templateOf(remembered),
    counts: null,
    pods: null,
  };
};
