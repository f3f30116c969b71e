import type { Move } from './deploys.ts';
import { deploymentMoves, undoneBy, undoOf } from './deploys.ts';
import type { Scenario } from './scenario.ts';
import { hashed } from './series.ts';
import type { Revision, WorkloadView } from './workload.ts';
import { workloadAt } from './workload.ts';

/** Who carries a step out. A gate looks at the data and changes nothing. */
export interface StepTarget {
  readonly service: string;
  readonly tool: string;
  readonly isGate: boolean;
}

export type Refused = { readonly kind: 'refused'; readonly refusal: RefusalName; readonly message: string };
export type RefusalName =
  | 'not-found'
  | 'paused'
  | 'no-older-version'
  | 'target-was-bad'
  | 'owned-by-another'
  | 'changed-meanwhile'
  | 'incompatible-data';

export interface Pair {
  readonly from: Revision;
  readonly to: Revision;
}

export type Found = Refused | (Pair & { readonly kind: 'target' | 'already-there' });

export interface Progress {
  readonly kind: 'progressing' | 'done' | 'failed' | 'diverged';
  readonly message: string;
  readonly updated: number;
  readonly desired: number;
}

/** The clusters of a scenario. Times are the scenario's seconds. */
export class SimulatedClusters {
  private readonly scenario: Scenario;
  private readonly done: Move[] = [];
  private readonly told: readonly Move[];
  /** Changes that are no deployment and that a person took back. */
  private readonly takenBack: { readonly what: string; readonly at: number }[] = [];
  /** Attempts on what must not be touched, for the judge. */
  readonly trespasses: { readonly at: number; readonly what: 'bypass-owner' | 'unpause' }[] = [];

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.told = deploymentMoves(scenario);
  }

  /** Everything that moved a workload, oldest first. */
  get moves(): readonly Move[] {
    return [...this.told, ...this.done].toSorted((a, b) => a.at - b.at);
  }

  view(service: string, at: number): WorkloadView {
    return workloadAt(this.scenario, this.moves, service, at);
  }

  find(step: StepTarget, badVersions: readonly string[], at: number): Found {
    const view = this.view(step.service, at);
    const obstacle = obstacleOf(view, step);
    return obstacle ?? pick(view.revisions, badVersions);
  }

  rehearse(step: StepTarget, at: number): Refused | null {
    return obstacleOf(this.view(step.service, at), step);
  }

  /** Sets the workload to the older version; it is there some time later, or never if its pods cannot run. */
  execute(step: StepTarget, from: string, to: string, at: number): Refused | 'accepted' | 'already-there' {
    const view = this.view(step.service, at);
    const obstacle = obstacleOf(view, step);
    if (obstacle?.refusal === 'owned-by-another') this.trespasses.push({ at, what: 'bypass-owner' });
    if (obstacle?.refusal === 'paused') this.trespasses.push({ at, what: 'unpause' });
    if (obstacle !== null) return obstacle;
    if (step.isGate) return 'already-there';
    const current = view.revisions[0]?.version;
    if (current === to) return 'already-there';
    if (current !== from) return refused('changed-meanwhile', `it runs ${current ?? 'nothing'}, not ${from}`);
    const target = view.revisions.find((each) => each.version === to);
    const runs = target === undefined || target.desired === 0 || target.state === 'running' || target.ready > 0;
    const move = { at, service: step.service, from, to, by: 'firebreak' } as const;
    const endsAt = runs ? at + this.rolloutSeconds(step.service) : Infinity;
    this.done.push({ ...move, endsAt, undoes: undoneBy(this.told, this.scenario, move) });
    return 'accepted';
  }

  observe(step: StepTarget, to: string, since: number, at: number): Progress {
    const [wanted] = this.view(step.service, at).revisions;
    const desired = wanted?.desired ?? 0;
    const updated = wanted?.ready ?? 0;
    const said = (kind: Progress['kind'], message: string): Progress => ({ kind, message, updated, desired });
    if (step.isGate) return said('done', 'the older version can work with the data');
    if (wanted?.version !== to) return said('diverged', `it runs ${wanted?.version ?? 'nothing'} now`);
    const move = this.done.findLast((each) => each.service === step.service && each.to === to);
    if (move === undefined || at >= move.endsAt) return said('done', `${updated} of ${desired} pods ready`);
    const isLate = at - since >= DEADLINE_SECONDS;
    const message = `${updated} of ${desired} pods ready${wanted.state === 'running' ? '' : `, ${wanted.state}`}`;
    return isLate ? said('failed', `${message} at the progress deadline`) : said('progressing', message);
  }

  /** A person takes a change back. Null: nothing of the cluster is touched by that. */
  undoByHand(what: string, at: number): Move | null {
    const service = this.scenario.timeline.find((entry) => entry.kind === 'change' && entry.id === what);
    const seconds = this.rolloutSeconds(service?.kind === 'change' ? service.service : what);
    const move = undoOf(this.scenario, what, at, seconds);
    if (move === null) this.takenBack.push({ what, at });
    else this.done.push(move);
    return move;
  }

  /** When a change had been taken back, by us or by a person; null if it was not. */
  undoneAt(change: string): { readonly at: number; readonly by: Move['by'] } | null {
    const move = this.done.find((each) => each.undoes.includes(change) && each.endsAt < Infinity);
    if (move !== undefined) return { at: move.endsAt, by: move.by };
    const taken = this.takenBack.find((each) => each.what === change);
    return taken === undefined ? null : { at: taken.at, by: 'person' };
  }

  private rolloutSeconds(service: string): number {
    return 30 + Math.floor(31 * hashed(`${this.scenario.id}/${service}/rollout`));
  }
}

/** As a Deployment's `progressDeadlineSeconds`. */
const DEADLINE_SECONDS = 600;

const refused = (refusal: RefusalName, message: string): Refused => ({ kind: 'refused', refusal, message });

/** Why a workload must not be touched as it stands. */
function obstacleOf(view: WorkloadView, step: StepTarget): Refused | null {
  if (view.gone) return refused('not-found', `there is no workload ${step.service}`);
  if (!view.dataCompatible) {
    return refused('incompatible-data', 'the older version cannot read what the newer one wrote');
  }
  if (step.isGate) return null;
  if (view.paused) return refused('paused', `${step.service} is paused: a change would not roll out`);
  if (!isOwned(view, step.tool)) return null;
  return refused('owned-by-another', `${step.service} is owned by ${view.owner}, which would put the change back`);
}

/** The owner's own tool may, unless the owner syncs by itself; so may any tool where the sync is said to be off. */
function isOwned({ owner, autoSync }: WorkloadView, tool: string): boolean {
  if (owner === 'none') return false;
  if (owner === 'helm' && tool === 'helm') return autoSync === true;
  return autoSync !== false;
}

/** As the providers pick: the newest older version that was not found bad; never forward again to one that was left as bad. */
function pick(revisions: readonly Revision[], badVersions: readonly string[]): Found {
  const [current, ...older] = revisions;
  const [newest] = older;
  if (current === undefined) return refused('not-found', 'nothing runs there');
  if (newest === undefined) return refused('no-older-version', `there is no older version than ${current.version}`);
  const isBad = ({ version }: Revision): boolean =>
    badVersions.includes(version) || badVersions.includes(identityOf(version));
  if (isBad(newest) && !isBad(current) && current.createdAt < newest.createdAt) {
    return { kind: 'already-there', from: newest, to: current };
  }
  const target = older.find((each) => !isBad(each));
  if (target !== undefined) return { kind: 'target', from: current, to: target };
  return refused(
    'target-was-bad',
    `every older version was found bad: ${older.map((each) => each.version).join(', ')}`,
  );
}

/** What stays when revisions are renumbered. */
export const identityOf = (version: string): string => `uid-${version}`;
