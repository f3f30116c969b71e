import type { Failure } from '../../domain/failure.ts';
import type { EffectIntent } from '../../domain/view.ts';
import type { Channel, Delivery, EffectContext } from '../ports.ts';
import {
  createStatuspageClient,
  type Called,
  type PageIncident,
  type StatuspageClient,
  type StatuspageClientOptions,
} from './client.ts';
import { hasEffect, isOf, newIncident, resolved, retracted, updated, type IncidentChange } from './messages.ts';

export interface StatuspageOptions extends StatuspageClientOptions {
  /** The page's components that a service stands for. */
  readonly componentsOf: (service: string | null) => readonly string[];
}

/**
 * Keeps the incident that customers read on Atlassian Statuspage. Kinds: `publish`, `update`, `resolve`, `retract`. The API
 * does not recognise a repeat, so the ids of what was said stand in the incident's metadata, and are looked for first.
 */
export const createStatuspage = (options: StatuspageOptions): Channel => {
  const client = createStatuspageClient(options);
  return {
    name: 'statuspage',
    deliver: async (effect, context) => {
      if (context.incident.drill === true) return { kind: 'skipped', because: 'a drill is not published' };
      if (!KINDS.has(effect.kind)) {
        return failed({ kind: 'rejected', message: `Statuspage has no effect "${effect.kind}"` });
      }
      const components = options.componentsOf(context.incident.service);
      const known = context.receipts['publish']?.['statuspageId'];
      // It is published already, and is once only.
      const isFirst = effect.kind === 'publish' && typeof known !== 'string';
      return isFirst
        ? publish(client, effect, context, components)
        : follow(client, effect, context, components, typeof known === 'string' ? known : null);
    },
  };
};

const KINDS: ReadonlySet<string> = new Set(['publish', 'update', 'resolve', 'retract']);

const failed = (failure: Failure): Delivery => ({ kind: 'failed', failure });

const publish = async (
  client: StatuspageClient,
  effect: EffectIntent,
  context: EffectContext,
  components: readonly string[],
): Promise<Delivery> => {
  const { incident, signal } = context;
  if (context.ambiguous) {
    const earlier = await client.find(({ metadata }) => isOf(incident.id, metadata), signal);
    if (!earlier.ok) return failed(earlier.failure);
    if (earlier.value !== null) return delivered(earlier.value);
  }
  return delivery(await client.create(newIncident(effect, incident, components), signal));
};

/** What is said of an incident that is on the page. It is read first: whether this was said already, and what others added. */
const follow = async (
  client: StatuspageClient,
  effect: EffectIntent,
  { incident, signal }: EffectContext,
  components: readonly string[],
  id: string | null,
): Promise<Delivery> => {
  const found =
    id === null
      ? await client.find(({ metadata }) => isOf(incident.id, metadata), signal)
      : await client.read(id, signal);
  if (!found.ok) return failed(found.failure);
  const page = found.value;
  if (page === null) {
    const why = id === null ? 'this incident is not on the status page' : 'somebody removed it from the status page';
    return { kind: 'skipped', because: `nothing to ${effect.kind}: ${why}` };
  }
  if (hasEffect(effect.id, page.metadata)) return delivered(page);
  return delivery(await client.change(page.id, changeFor(effect, incident, page, components), signal));
};

const changeFor = (
  effect: EffectIntent,
  incident: EffectContext['incident'],
  page: PageIncident,
  components: readonly string[],
): IncidentChange => {
  switch (effect.kind) {
    case 'resolve':
      return resolved(effect, incident, page.metadata ?? null, components);
    case 'retract':
      return retracted(effect, incident, page.metadata ?? null, components);
    default:
      return updated(effect, incident, page, components);
  }
};

const delivery = (called: Called<PageIncident>): Delivery =>
  called.ok ? delivered(called.value) : failed(called.failure);

const delivered = ({ id, shortlink }: PageIncident): Delivery => ({
  kind: 'delivered',
  receipt: { statuspageId: id, shortlink: shortlink ?? null },
});
