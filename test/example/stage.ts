import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chain, GENESIS, parseEvent } from '../../src/domain/incident/chain.ts';
import type { StoredEvent } from '../../src/domain/incident/chain.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import { decide } from '../../src/domain/incident/decide.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import { evolve } from '../../src/domain/incident/evolve.ts';
import { react } from '../../src/domain/incident/react.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { timersOf } from '../../src/domain/incident/timers.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { iso } from '../../src/domain/time.ts';
import type { ChannelName, EffectIntent } from '../../src/domain/view.ts';
import { loadSettings } from '../../src/settings/load.ts';

/** The process as a configuration file sets it up. */
export function policyOf(yaml: string): Policy {
  const loaded = loadSettings({
    env: { FIREBREAK_CONFIG: '/app/config/firebreak.yaml' },
    cwd: '/app',
    readFile: () => yaml,
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return loaded.settings.policy;
}

/** Decided only when its time comes: it may depend on how the incident stands then. */
export type Cue = (state: IncidentState) => Command | readonly Command[] | Promise<Command>;

interface Due {
  readonly at: number;
  readonly commands: readonly Command[];
}

/** What it takes until a channel has taken a message. */
const LATENCY_MS: Readonly<Record<ChannelName, number>> = {
  pagerduty: 410,
  'pagerduty-notes': 300,
  slack: 320,
  email: 730,
  statuspage: 560,
  webhook: 150,
};

/**
 * One incident on a clock of its own: commands in, events out, as the commander does it. Timers fire when they are due
 * and messages are taken by their channels a moment after they are meant, so the timeline is what the product writes.
 */
export class Stage {
  readonly #id: string;
  readonly #policy: Policy;
  readonly #fired = new Set<string>();
  #state: IncidentState | null = null;
  #stored: readonly StoredEvent[] = [];
  #reports: Due[] = [];

  constructor(id: string, policy: Policy) {
    this.#id = id;
    this.#policy = policy;
  }

  get events(): readonly IncidentEvent[] {
    return this.#stored.map(parseEvent);
  }

  /** Everything that is due before it, each at its own time; then this. */
  async at(moment: string, ...cues: readonly Cue[]): Promise<void> {
    const now = Date.parse(moment);
    this.until(now);
    for (const cue of cues) {
      if (this.#state === null) throw new Error('not open');
      this.#do(now, await cue(this.#state));
    }
  }

  open(moment: string, ...commands: readonly Command[]): void {
    this.#do(Date.parse(moment), commands);
  }

  until(end: number): void {
    for (let due = this.#takeDue(end); due !== null; due = this.#takeDue(end)) this.#do(due.at, due.commands);
  }

  #takeDue(end: number): Due | null {
    const report = this.#reports[0] ?? null;
    const timer = this.#nextTimer();
    if (report !== null && report.at <= Math.min(end, timer?.at ?? end)) {
      this.#reports = this.#reports.slice(1);
      return report;
    }
    if (timer === null || timer.at > end) return null;
    this.#fired.add(timer.key);
    return timer;
  }

  #nextTimer(): (Due & { readonly key: string }) | null {
    if (this.#state === null) return null;
    const [first] = timersOf(this.#state, this.#policy)
      .map(({ name, due }) => ({ name, due, key: `${name} ${due}` }))
      .filter(({ key }) => !this.#fired.has(key))
      .sort((a, b) => a.due - b.due);
    if (first === undefined) return null;
    const { name, due, key } = first;
    // The watch of a rollback ends by its coordinator, which looks first.
    const command: Command = name === 'rollback-watch' ? { kind: 'end-watch' } : { kind: 'fire-timer', name };
    return { at: due, commands: [command], key };
  }

  #do(now: number, given: Command | readonly Command[]): void {
    const before = this.#state;
    const news: IncidentEvent[] = [];
    for (const command of Array.isArray(given) ? (given as readonly Command[]) : [given as Command]) {
      const decided = decide(this.#state, command, { now, policy: this.#policy });
      const head = this.#stored.at(-1);
      const rows = chain(this.#id, { seq: head?.seq ?? 0, hash: head?.hash ?? GENESIS }, decided, iso(now));
      this.#stored = [...this.#stored, ...rows];
      const events = rows.map(parseEvent);
      this.#state = events.reduce(evolve, this.#state);
      news.push(...events);
    }
    if (this.#state === null || news.length === 0) return;
    const reports = react(before, news, this.#state, this.#policy.communication).effects.flatMap((effect) =>
      taken(effect, now),
    );
    this.#reports = [...this.#reports, ...reports].sort((a, b) => a.at - b.at);
  }
}

/** The channel has taken it. A message that is only kept up to date is no news, and nobody listens by webhook. */
function taken(effect: EffectIntent, now: number): readonly Due[] {
  const { id: effectId, channel, kind } = effect;
  if (kind === 'refresh' || channel === 'webhook') return [];
  const latencyMs = LATENCY_MS[channel];
  const outcome = { kind: 'sent', receipt: receiptOf(effect), latencyMs } as const;
  return [{ at: now + latencyMs, commands: [{ kind: 'report-effect', effect: { effectId, channel, kind }, outcome }] }];
}

const receiptOf = ({ id, channel }: EffectIntent): JsonObject =>
  channel === 'slack' ? { channel: 'C0INCIDENTS', ts: id } : { id };

/** A file of the checkout. */
export const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const textOf = (path: string): string => readFileSync(fileOf(path), 'utf8');
