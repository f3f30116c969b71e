import type { Command } from '../../../src/domain/incident/commands.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import { iso } from '../../../src/domain/time.ts';
import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { deploymentStep } from '../../harness/simulated-world.ts';
import type { Series } from '../../harness/simulation.ts';
import { SIMULATION_START } from '../../harness/simulation.ts';

export const START = SIMULATION_START;
export const SECOND = 1_000;
export const HOUR = 3_600_000;

/** A service that is measured and can be rolled back. */
export const rolledBack = (service: string, more: object = {}): object => ({
  owner: 'ben@example.com',
  customerFacing: true,
  runbookUrl: `https://runbooks.example.com/${service}`,
  rollback: { steps: [deploymentStep(service)] },
  recovery: { errorRatio: `errors{service="${service}"}`, settleSeconds: 0 },
  ...more,
});

interface Course {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly bad: number;
  readonly good?: number;
  /** From the moment on at which this answers, it is good again; null: not yet. */
  readonly until: () => number | null;
}

/** A ratio that is bad from the onset until it is mended. */
export const course =
  ({ from, bad, good = 0.001, until }: Course): Series =>
  (at) => {
    const end = until();
    return at >= from && (end === null || at < end) ? bad : good;
  };

/** What a rate over a short range takes to show that the bad version is gone. */
const SHOWS_AFTER = 30 * SECOND;

/** Since when a service is well again after its rollback; null: it is not. */
export function mended(world: SimulatedWorld, service: string): number | null {
  const back = world.backAt(service);
  return back === null ? null : back + SHOWS_AFTER;
}

export interface AlertText {
  readonly name: string;
  readonly service: string;
  readonly severity?: string;
  readonly summary?: string;
  readonly usersPercent?: number;
  readonly startsAt?: number;
}

const alert = (text: AlertText, endsAt: number | null): object => ({
  status: endsAt === null ? 'firing' : 'resolved',
  labels: {
    alertname: text.name,
    service: text.service,
    environment: 'production',
    severity: text.severity ?? 'critical',
  },
  annotations: {
    ...(text.summary === undefined ? {} : { summary: text.summary }),
    ...(text.usersPercent === undefined ? {} : { users_affected_percent: String(text.usersPercent) }),
  },
  startsAt: iso(text.startsAt ?? START - 10 * SECOND),
  endsAt: endsAt === null ? '0001-01-01T00:00:00Z' : iso(endsAt),
  generatorURL: 'https://prometheus.example.com/graph',
});

export const firing = (text: AlertText): object => alert(text, null);
export const resolved = (text: AlertText, at: number): object => alert(text, at);

export const BY_ADA = { by: 'ada', via: 'api' } as const;

/** The only incident of a service. */
export async function incidentOn(world: SimulatedWorld, service: string): Promise<IncidentState> {
  const found = (await world.simulation.incidents()).filter((incident) => incident.service === service);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} incidents on ${service}`);
  return found[0];
}

/** Runs to the moment (seconds since the start) and gives the commands, then does all that follows at once. */
export async function at(
  world: SimulatedWorld,
  seconds: number,
  incidentId: string,
  ...commands: readonly Command[]
): Promise<void> {
  await world.simulation.runTo(seconds);
  await world.simulation.commander.handle(incidentId, commands);
  await world.simulation.runTo(seconds);
}
