import type { Severity } from '../../domain/severity.ts';
import type { EffectIntent, IncidentView } from '../../domain/view.ts';
import { htmlText, publicName, shorten } from '../text.ts';

/** What the API takes for an incident, as far as it is used here. Everything but `metadata` is read by customers. */
export interface IncidentChange {
  readonly status: PageStatus;
  readonly body: string;
  readonly impact_override?: 'none' | 'minor' | 'major' | 'critical';
  readonly deliver_notifications: boolean;
  readonly component_ids?: readonly string[];
  readonly components?: Readonly<Record<string, ComponentStatus>>;
  readonly metadata: Metadata;
}

export interface NewIncident extends IncidentChange {
  readonly name: string;
}

/** The API takes only objects as values. */
export type Metadata = Readonly<Record<string, unknown>>;

export type PageStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved';
type ComponentStatus = 'operational' | 'degraded_performance' | 'partial_outage' | 'major_outage';

const LONGEST_NAME = 255;
const LONGEST_BODY = 25_000;
/** Of an effect that was given up and is sent again much later, it is still known whether it was there. */
const EFFECTS = 50;

const IMPACT = { P0: 'critical', P1: 'major', P2: 'minor', P3: 'none' } as const satisfies Record<Severity, string>;

const TROUBLE: Readonly<Record<Severity, ComponentStatus>> = {
  P0: 'major_outage',
  P1: 'partial_outage',
  P2: 'degraded_performance',
  P3: 'operational',
};

export const newIncident = (
  effect: EffectIntent,
  incident: IncidentView,
  components: readonly string[],
): NewIncident => ({
  // Nothing that an alert says: only what the service is called.
  name: shorten(publicName(incident.service), LONGEST_NAME),
  ...shared(effect, incident, null),
  status: statusIn(effect) ?? 'investigating',
  impact_override: IMPACT[incident.severity],
  ...componentsAs(stateOfComponents(incident), components),
});

/** The name is not sent again: somebody may have found a better one. */
export const updated = (
  effect: EffectIntent,
  incident: IncidentView,
  page: { readonly status: string; readonly metadata?: Metadata | null | undefined },
  components: readonly string[],
): IncidentChange => ({
  ...shared(effect, incident, page.metadata ?? null),
  status: statusIn(effect) ?? statusOf(page.status) ?? 'investigating',
  impact_override: IMPACT[incident.severity],
  ...componentsAs(stateOfComponents(incident), components),
});

/** The impact stays what it was: it is the page's history. */
export const resolved = (
  effect: EffectIntent,
  incident: IncidentView,
  metadata: Metadata | null,
  components: readonly string[],
): IncidentChange => ({
  ...shared(effect, incident, metadata),
  status: 'resolved',
  ...componentsAs('operational', components),
});

/** Nothing was broken, so the page's history says so too. Who was told of the trouble is told of the mistake. */
export const retracted = (
  effect: EffectIntent,
  incident: IncidentView,
  metadata: Metadata | null,
  components: readonly string[],
): IncidentChange => ({ ...resolved(effect, incident, metadata, components), impact_override: 'none' });

const shared = (effect: EffectIntent, incident: IncidentView, metadata: Metadata | null) => ({
  body: bodyOf(effect, incident),
  deliver_notifications: true,
  metadata: withEffect(metadata, incident.id, effect.id),
});

const bodyOf = (effect: EffectIntent, incident: IncidentView): string =>
  htmlText(effect.message.trim(), LONGEST_BODY) || htmlText(`${publicName(incident.service)}.`, LONGEST_BODY);

const STATUSES: readonly PageStatus[] = ['investigating', 'identified', 'monitoring', 'resolved'];

const statusOf = (status: unknown): PageStatus | null => STATUSES.find((known) => known === status) ?? null;

const statusIn = ({ data }: EffectIntent): PageStatus | null => statusOf(data['status']);

/** Once the service is restored its components are too: a page counts downtime by them. */
const stateOfComponents = ({ severity, status }: IncidentView): ComponentStatus =>
  status === 'open' || status === 'acknowledged' ? TROUBLE[severity] : 'operational';

const componentsAs = (
  status: ComponentStatus,
  ids: readonly string[],
): Pick<IncidentChange, 'component_ids' | 'components'> =>
  ids.length === 0 ? {} : { component_ids: ids, components: Object.fromEntries(ids.map((id) => [id, status])) };

const OURS = 'firebreak';

/** By this the page's incident, and each thing that was said on it, is found again after a crash. */
const withEffect = (metadata: Metadata | null, incidentId: string, effectId: string): Metadata => ({
  ...metadata,
  [OURS]: { incident: incidentId, effects: [...effectsIn(metadata), effectId].slice(-EFFECTS) },
});

const ours = (metadata: Metadata | null | undefined): Record<string, unknown> =>
  (metadata?.[OURS] ?? {}) as Record<string, unknown>;

const effectsIn = (metadata: Metadata | null | undefined): readonly unknown[] => {
  const { effects } = ours(metadata);
  return Array.isArray(effects) ? (effects as unknown[]) : [];
};

export const isOf = (incidentId: string, metadata: Metadata | null | undefined): boolean =>
  ours(metadata)['incident'] === incidentId;

export const hasEffect = (effectId: string, metadata: Metadata | null | undefined): boolean =>
  effectsIn(metadata).includes(effectId);
