import type { JsonObject } from '../../../domain/json.ts';
import { type Instant, ms } from '../../../domain/time.ts';
import type { Observation } from '../../ports.ts';
import type { BackgroundRun } from '../process/background.ts';
import { endText } from '../process/ended.ts';
import type { Receipt } from './execute.ts';
import { type Revision, versionText } from './history.ts';
import type { HelmPin } from './pin.ts';
import { pendingText, type Site } from './site.ts';
import { standing } from './standing.ts';

/** Helm writes the new revision before it does anything else; one that has none by then never began. */
const TO_BEGIN_MS = 60_000;

const progressOf = ({ number, status }: Revision): JsonObject => ({ revision: number, status });

const helmSays = (run: BackgroundRun | null): string =>
  run?.ended == null || (run.ended.kind === 'exited' && run.ended.code === 0)
    ? ''
    : endText('helm rollback', run.ended);

const onTheWay = (site: Site, pin: HelmPin, revision: Revision, run: BackgroundRun | null): Observation => {
  const progress = progressOf(revision);
  if (revision.status === 'failed') return { kind: 'failed', message: revision.description, progress };
  const pending = pendingText(site, revision, pin.toRevision);
  if (run === null) return { kind: 'progressing', message: pending, progress };
  // Helm is gone and has not said how it ended: a hook failed, or helm was killed.
  const said = helmSays(run);
  return { kind: 'failed', message: said === '' ? pending : `${said}; ${pending}`, progress };
};

const notBegun = (site: Site, run: BackgroundRun | null, since: Instant): Observation => {
  if (run !== null) {
    const said = helmSays(run);
    const message = said === '' ? 'helm ended and has changed nothing' : `Nothing was changed: ${said}`;
    return { kind: 'failed', message, progress: {} };
  }
  if (site.now() - ms(since) < TO_BEGIN_MS) {
    return { kind: 'progressing', message: 'helm has not begun yet', progress: {} };
  }
  return { kind: 'failed', message: 'helm was started, but it never began: nothing was changed', progress: {} };
};

/**
 * How far the rollback is: it runs as long as our helm does; after that, and after a restart of ours, the history says
 * how it ended. Changes nothing.
 */
export const observe = async (
  site: Site,
  pin: HelmPin,
  receipt: Receipt,
  since: Instant,
  signal: AbortSignal,
): Promise<Observation> => {
  const run = site.runner.look(pin.id);
  if (run !== null && run.ended === null) {
    const message = `helm is rolling ${pin.release} back to revision ${pin.toRevision}`;
    return { kind: 'progressing', message, progress: {} };
  }
  const stands = await standing(site, pin, signal);
  switch (stands.kind) {
    case 'at-to':
      return { kind: 'done', message: `Runs ${versionText(stands.revision)}`, progress: progressOf(stands.revision) };
    case 'on-the-way':
      return onTheWay(site, pin, stands.revision, run);
    case 'at-from':
      return notBegun(site, run, receipt.startedAt ?? since);
    case 'elsewhere':
    case 'gone':
      return { kind: 'diverged', message: stands.message, progress: {} };
    case 'failed':
      return { kind: 'unreadable', failure: stands.failure };
  }
};
