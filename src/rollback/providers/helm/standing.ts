import type { Failure } from '../../../domain/failure.ts';
import { isPending, type Revision, versionText } from './history.ts';
import type { HelmPin } from './pin.ts';
import { lastGood } from './resolve.ts';
import { pendingText, type Refused, refused, revisionFacts, type Site } from './site.ts';

/** Where a release stands, seen from the plan. */
export type Standing =
  | { readonly kind: 'at-from'; readonly history: readonly Revision[] }
  /** A newer revision has the content to go back to: the plan was carried out, by us or by somebody. */
  | { readonly kind: 'at-to'; readonly revision: Revision }
  /** The same, but it runs still, was left behind, or failed. */
  | { readonly kind: 'on-the-way'; readonly revision: Revision }
  /** Something else happened to the release since. */
  | { readonly kind: 'elsewhere'; readonly message: string }
  | { readonly kind: 'gone'; readonly message: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

const elsewhere = (message: string): Standing => ({ kind: 'elsewhere', message });

const newerStanding = (site: Site, live: Revision, pin: HelmPin, digest: string): Standing => {
  if (digest === pin.toDigest) {
    if (live.status === 'deployed') return { kind: 'at-to', revision: live };
    if (live.status === 'failed' || live.status === 'pending-rollback') return { kind: 'on-the-way', revision: live };
  }
  const what = isPending(live) ? pendingText(site, live, null) : `${live.status}: ${live.description}`;
  return elsewhere(`Somebody changed the release since: ${versionText(live)}, ${what}`);
};

/** Reads where the release stands: by the numbers of its revisions and by their content. */
export const standing = async (site: Site, pin: HelmPin, signal: AbortSignal): Promise<Standing> => {
  const read = await site.helm.history(site.step, signal);
  if (read.kind === 'failed') return read;
  const history = read.kind === 'ok' ? read.value : [];
  const live = history.at(-1);
  if (live === undefined || live.status.startsWith('uninstall')) {
    return { kind: 'gone', message: 'The release was uninstalled' };
  }
  const facts = await revisionFacts(site, live, signal);
  if (facts.kind === 'failed') return facts;
  if (facts.kind === 'not-found') return elsewhere('The release is changing right now');
  if (live.number > pin.fromRevision) return newerStanding(site, live, pin, facts.value.digest);
  if (live.number < pin.fromRevision || facts.value.digest !== pin.fromDigest) {
    return elsewhere('The release was uninstalled and installed anew since the plan was made');
  }
  return isPending(live) ? elsewhere(pendingText(site, live, lastGood(history))) : { kind: 'at-from', history };
};

/** A standing in which nothing may be begun, as a refusal. */
export const refusalOf = ({ kind, message }: Extract<Standing, { kind: 'elsewhere' | 'gone' }>): Refused =>
  refused(kind === 'gone' ? 'not-found' : 'changed-meanwhile', message);
