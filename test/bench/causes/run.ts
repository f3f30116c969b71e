import { AlertBook, withCounted } from './alerts.ts';
import { SimulatedClusters } from './cluster.ts';
import type { Firebreak, Site, Standing } from './firebreak.ts';
import { SimulatedMetrics } from './metrics.ts';
import type { RunRecord } from './record.ts';
import type { HumanEntry, Scenario, TimelineEntry } from './scenario.ts';
import { changesIn } from './scenario.ts';
import { lastTurn } from './series.ts';

/** Nothing new for so long after everything the scenario holds, and it is over. */
const QUIET_SECONDS = 300;
/** At the latest so long after the last entry of the timeline. */
const LONGEST_SECONDS = 7_200;
/** After a rollback alerts follow the metrics; they are evaluated this often. */
const EVALUATION_SECONDS = 10;

/** Plays one scenario from its first entry until everything in it is decided. */
export async function runScenario(site: Site, asWritten: Scenario): Promise<RunRecord> {
  const scenario = withCounted(asWritten);
  const clusters = new SimulatedClusters(scenario);
  const metrics = new SimulatedMetrics(scenario, (change) => clusters.undoneAt(change));
  const alerts = new AlertBook((service, at) => metrics.isQuiet(service, at));
  const surroundings = { scenario, metrics, clusters, alerts: () => alerts.known };
  return site.run(surroundings, async (firebreak) => {
    const play = new Play(scenario, firebreak, clusters, metrics, alerts);
    await play.toTheEnd();
    return { incidents: await firebreak.records(), trespasses: clusters.trespasses, people: play.people };
  });
}

class Play {
  readonly people: { at: number; text: string }[] = [];
  private readonly scenario: Scenario;
  private readonly firebreak: Firebreak;
  private readonly clusters: SimulatedClusters;
  private readonly metrics: SimulatedMetrics;
  private readonly alerts: AlertBook;
  private next = 0;
  /** What people want of an incident that is not there yet. */
  private readonly waiting: HumanEntry[] = [];
  private readonly reached = new Map<HumanEntry, Set<string>>();
  private lastSign = '';
  private lastNewsAt = 0;

  constructor(
    scenario: Scenario,
    firebreak: Firebreak,
    clusters: SimulatedClusters,
    metrics: SimulatedMetrics,
    alerts: AlertBook,
  ) {
    this.scenario = scenario;
    this.firebreak = firebreak;
    this.clusters = clusters;
    this.metrics = metrics;
    this.alerts = alerts;
  }

  async toTheEnd(): Promise<void> {
    for (let at = await this.nextMoment(); at !== null; at = await this.nextMoment()) {
      this.firebreak.moveTo(at);
      await this.happen();
      await this.firebreak.work();
      await this.peopleWhoWaited();
      await this.note();
      if (await this.isOver()) return;
    }
  }

  /** The earliest of what the timeline holds, what the program waits for, and the next look at alerts after a rollback. */
  private async nextMoment(): Promise<number | null> {
    const moments = [
      this.scenario.timeline[this.next]?.at ?? null,
      await this.firebreak.nextDue(),
      this.nextEvaluation(),
    ].filter((at) => at !== null);
    const at = Math.min(...moments);
    return at > this.latest ? null : at;
  }

  private nextEvaluation(): number | null {
    const until = this.metrics.curedUntil();
    const now = this.firebreak.now();
    return until === null || now > until + 60 ? null : now + EVALUATION_SECONDS;
  }

  private get latest(): number {
    return (this.scenario.timeline.at(-1)?.at ?? 0) + LONGEST_SECONDS;
  }

  private async happen(): Promise<void> {
    const now = this.firebreak.now();
    for (;;) {
      const entry = this.scenario.timeline[this.next];
      if (entry === undefined || entry.at > now) break;
      this.next += 1;
      await this.enter(entry);
    }
    const changed = this.alerts.follow(now);
    if (changed.length > 0) await this.firebreak.deliver(changed);
  }

  private async enter(entry: TimelineEntry): Promise<void> {
    switch (entry.kind) {
      case 'change': {
        // A second word on a change is about the one that began with the first.
        const first = changesIn(this.scenario).find(({ id }) => id === entry.id) ?? entry;
        await this.firebreak.tellChange(first, entry.state === 'completed' ? entry.at : null);
        return;
      }
      case 'alert-firing':
      case 'alert-resolved': {
        const told = this.alerts.tell(entry);
        if (told.length > 0) await this.firebreak.deliver(told);
        return;
      }
      case 'human':
        await this.person(entry);
        return;
      case 'cluster':
      case 'monitoring':
        // These are asked for, not told.
        return;
    }
  }

  private async person(entry: HumanEntry): Promise<void> {
    if (entry.action === 'undo-by-hand') {
      const move = this.clusters.undoByHand(entry.what ?? '', entry.at);
      const how = move === null ? 'is taken back' : `: ${move.service} goes from ${move.from ?? '?'} to ${move.to}`;
      this.people.push({ at: entry.at, text: `undo-by-hand of ${entry.what ?? ''} ${how}` });
      return;
    }
    await this.firebreak.work();
    const concerned = concernedBy(entry, await this.firebreak.standing());
    for (const { id } of concerned) await this.act(entry, id);
    // What was said before there was an incident is said to it when it is there; a hold, to each one that opens.
    if (concerned.length === 0 || entry.action === 'hold') this.waiting.push(entry);
  }

  private async peopleWhoWaited(): Promise<void> {
    if (this.waiting.length === 0) return;
    const now = this.firebreak.now();
    const standing = await this.firebreak.standing();
    for (const entry of [...this.waiting]) {
      const left = entry.seconds === null ? null : entry.at + entry.seconds - now;
      const isPast = (left !== null && left <= 0) || entry.action === 'abort' || entry.action === 'approve';
      const fresh = concernedBy(entry, standing).filter(({ id }) => this.reached.get(entry)?.has(id) !== true);
      for (const { id } of isPast ? [] : fresh) await this.act({ ...entry, seconds: left }, id, entry);
      if (isPast || (fresh.length > 0 && entry.action !== 'hold')) this.waiting.splice(this.waiting.indexOf(entry), 1);
    }
    await this.firebreak.work();
  }

  private async act(entry: HumanEntry, incidentId: string, said: HumanEntry = entry): Promise<void> {
    this.reached.set(said, (this.reached.get(said) ?? new Set()).add(incidentId));
    const result = await this.firebreak.act(incidentId, entry);
    this.people.push({ at: this.firebreak.now(), text: `${entry.action} on ${incidentId}: ${result}` });
    await this.firebreak.work();
  }

  private async note(): Promise<void> {
    const sign = (await this.firebreak.standing()).map((each) => each.sign).join();
    if (sign !== this.lastSign) this.lastNewsAt = this.firebreak.now();
    this.lastSign = sign;
  }

  private async isOver(): Promise<boolean> {
    const now = this.firebreak.now();
    if (this.next < this.scenario.timeline.length) return false;
    if (now < Math.max(this.lastNewsAt, this.lastWord()) + QUIET_SECONDS) return false;
    return (await this.firebreak.standing()).every(({ inMotion }) => !inMotion);
  }

  /** The last time at which the scenario itself still says something. */
  private lastWord(): number {
    const { timeline, metrics, expected } = this.scenario;
    const turns = metrics.flatMap(({ series }) => Object.values(series).map(lastTurn));
    const limits = expected.mustNot.flatMap(({ before, after }) => [before ?? 0, after ?? 0]);
    const holds = timeline.map((entry) => (entry.kind === 'human' ? entry.at + (entry.seconds ?? 0) : entry.at));
    const last = Math.max(
      0,
      ...turns,
      ...limits,
      ...holds,
      expected.decision.byAt ?? 0,
      this.metrics.curedUntil() ?? 0,
    );
    return Math.min(last, this.latest - QUIET_SECONDS);
  }
}

/** A word that names no service is for every incident of this trouble. */
const concernedBy = (entry: HumanEntry, standing: readonly Standing[]): readonly Standing[] =>
  standing.filter(({ service, isOver }) => !isOver && (entry.service === null || entry.service === service));
