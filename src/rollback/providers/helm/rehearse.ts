import type { Rehearsal } from '../../ports.ts';
import { dryRun } from './dry-run.ts';
import { digestOf, objectsOf } from './manifest.ts';
import type { HelmPin } from './pin.ts';
import { refused, type Site } from './site.ts';
import { refusalOf, standing } from './standing.ts';

/**
 * Rehearses what can be: `helm rollback --dry-run=server` only reads the history and prints success. So the manifest
 * that helm would apply is read and put to the API server as a dry run, object by object. Hooks cannot be rehearsed.
 */
export const rehearse = async (site: Site, pin: HelmPin, signal: AbortSignal): Promise<Rehearsal> => {
  const stands = await standing(site, pin, signal);
  if (stands.kind === 'failed') return stands;
  if (stands.kind === 'at-to') {
    return { kind: 'would-work', message: 'Already at the target revision', alreadyThere: true };
  }
  if (stands.kind === 'on-the-way') {
    return refused('changed-meanwhile', `It is on its way already: revision ${stands.revision.number}`);
  }
  if (stands.kind !== 'at-from') return refusalOf(stands);

  const [told, byServer] = await Promise.all([
    site.helm.manifest(site.step, pin.toRevision, signal),
    site.helm.appliedByServer(site.step, pin.toRevision, signal),
  ]);
  if (told.kind === 'failed') return told;
  if (byServer.kind === 'failed') return byServer;
  const objects = told.kind === 'ok' && digestOf(told.value) === pin.toDigest ? objectsOf(told.value) : null;
  if (objects === null)
    return refused('no-older-version', `Revision ${pin.toRevision} is not what was pinned any more`);
  if (objects.length === 0) return refused('unsupported', `Revision ${pin.toRevision} is empty: everything would go`);

  // Only where helm applies by server-side apply can another writer's field stop it.
  const force = byServer.kind !== 'ok' || !byServer.value;
  const result = await dryRun(site, objects, force, signal);
  if (result.kind !== 'accepted') return result;
  const asked = `The server would accept the ${result.objects} objects of revision ${pin.toRevision}`;
  const not = [...result.unasked, 'hooks', 'what is deleted'].join(', ');
  return { kind: 'would-work', message: `${asked}; not rehearsed: ${not}` };
};
