import type { Json, JsonObject } from '../../src/domain/json.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';

/** An incident as the API shows it, as far as scenarios look into it. */
export interface Incident {
  readonly id: string;
  readonly severity: string;
  readonly status: string;
  readonly service: string;
  readonly environment: string;
  readonly startedAt: string;
  readonly version: number;
  readonly decision: { readonly action: string; readonly rule: string; readonly because: string } | null;
  readonly rollback: {
    readonly state: string;
    readonly stoppedBy: string | null;
    readonly because: string;
    readonly planHash: string;
    readonly startsAt: string | null;
    readonly startedAt: string | null;
    readonly verdict: string | null;
    readonly steps: readonly { readonly name: string; readonly state: string; readonly [field: string]: Json }[];
  } | null;
  readonly [field: string]: unknown;
}

interface TimelineEvent {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly hash: string;
  readonly previousHash: string;
}

export const incidents = async (firebreak: FirebreakProcess, query = ''): Promise<readonly Incident[]> =>
  ((await firebreak.get(`/api/v1/incidents${query}`)) as { items: Incident[] }).items;

export const incidentOf = async (firebreak: FirebreakProcess, id: string): Promise<Incident> =>
  (await firebreak.get(`/api/v1/incidents/${id}`)) as Incident;

export const timelineOf = async (firebreak: FirebreakProcess, id: string): Promise<readonly TimelineEvent[]> =>
  ((await firebreak.get(`/api/v1/incidents/${id}/timeline`)) as { items: TimelineEvent[] }).items;

const isReport = ({ type }: TimelineEvent): boolean => type.startsWith('notification-');

/**
 * The timeline without reports of notifications: they come when a provider has answered, so between which other events
 * one stands is up to the provider. Everything else has one order.
 */
export const courseOf = (timeline: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  timeline.filter((event) => !isReport(event));

/** What was reported of a channel, in order; a channel's effects go out one after another. */
export const reportsOf = (timeline: readonly TimelineEvent[], channel: string): readonly string[] =>
  timeline
    .filter((event) => isReport(event) && event.data['channel'] === channel)
    .map((event) => `${event.type.replace('notification-', '')} ${event.data['kind'] as string}`);

/** Samples of a /metrics text by series, labels in the order of their names: `name{a="1",b="2"}`. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', labels, value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined) continue;
    const sorted = (labels ?? '').match(/\w+="[^"]*"/g)?.sort() ?? [];
    samples.set(sorted.length === 0 ? name : `${name}{${sorted.join(',')}}`, Number(value));
  }
  return samples;
}

export const metricsText = async (firebreak: FirebreakProcess): Promise<string> =>
  (await fetch(`${firebreak.url}/metrics`)).text();
