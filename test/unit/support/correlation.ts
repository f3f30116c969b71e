import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { Core } from '../../harness/core.ts';
import { raw, startCore } from '../../harness/core.ts';

export let core: Core;
/** Every test has a service of its own, so they share a database without meeting. */
export let service = '';
let tests = 0;

/** Call once in a test file. */
export function useCore(): void {
  beforeAll(async () => {
    core = await startCore();
  });
  afterAll(() => core.close());
  beforeEach(() => {
    tests += 1;
    service = `service-${tests}`;
  });
}

export const mine = async (): Promise<readonly IncidentState[]> =>
  (await core.incidents()).filter((incident) => incident.service === service);

export async function one(): Promise<IncidentState> {
  const found = await mine();
  expect(found.map((incident) => incident.id)).toHaveLength(1);
  return found[0]!;
}

export const types = async (id: string) => (await core.timeline(id)).map((event) => event.type);

export const count = async (id: string, type: string) => (await types(id)).filter((each) => each === type).length;

export const alert = (name: string, changes: Parameters<typeof raw>[1] = {}): object =>
  raw(name, { service, ...changes });

export const ended = (endsAt: number, changes: Parameters<typeof raw>[1] = {}) => ({ ...changes, endsAt });
