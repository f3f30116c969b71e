import { reasonOf } from './answer.ts';
import type { ListOf, ObjectMeta, Workload } from './objects.ts';
import type { WorkloadPin } from './pin.ts';
import { isLeaving, listPods, podsOfVersion } from './pods.ts';
import { type Amounts, amountsOf, amountText, quantity } from './quantity.ts';
import { corePath } from './requests.ts';
import type { Pace, Site } from './workload.ts';

interface ResourceQuota {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: unknown };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

export type Room =
  | { readonly kind: 'enough'; readonly remarks: readonly string[] }
  /** Not one new pod fits, and the rollout takes no old one away before: it would never begin. */
  | { readonly kind: 'none'; readonly message: string };

/** What the first new pods need on top of what runs. */
export interface Demand {
  readonly pods: number;
  readonly each: Amounts;
  /** Old pods go before new ones are up, so that room comes by itself. */
  readonly makesRoom: boolean;
}

/** `pods` and the short names of requests mean the same as their long ones. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  cpu: 'requests.cpu',
  memory: 'requests.memory',
  'ephemeral-storage': 'requests.ephemeral-storage',
  'count/pods': 'pods',
};

interface Shortage {
  readonly text: string;
  /** How many new pods would fit. */
  readonly fit: number;
}

const shortagesIn = ({ metadata, status }: ResourceQuota, { pods, each }: Demand): readonly Shortage[] =>
  Object.entries(status?.hard ?? {}).flatMap(([field, hard]) => {
    const name = LONG_NAMES[field] ?? field;
    const need = each[name] ?? 0;
    const used = status?.used?.[field] ?? '0';
    const left = quantity(hard) - quantity(used);
    if (need <= 0 || Number.isNaN(left) || need * pods <= left) return [];
    const wanted = `${pods} x ${amountText(name, need)} of ${field} are needed`;
    const text = `ResourceQuota ${metadata.name ?? ''}: ${wanted}, ${used} of ${hard} are used`;
    return [{ text, fit: Math.max(0, Math.floor(left / need)) }];
  });

const isScoped = ({ spec }: ResourceQuota): boolean =>
  (spec?.scopes ?? []).length > 0 || spec?.scopeSelector !== undefined;

/** Whether the quotas let the rollout begin. One that merely slows it down is a remark: it goes on as old pods stop. */
export const judgeRoom = (quotas: readonly ResourceQuota[], demand: Demand): Room => {
  const scoped = quotas
    .filter(isScoped)
    .map(({ metadata }) => `ResourceQuota ${metadata.name ?? ''} has scopes: not checked`);
  const shortages = quotas.filter((one) => !isScoped(one)).flatMap((quota) => shortagesIn(quota, demand));
  const message = shortages.map(({ text }) => text).join('; ');
  if (shortages.some(({ fit }) => fit === 0) && !demand.makesRoom) return { kind: 'none', message };
  return { kind: 'enough', remarks: [...(message === '' ? [] : [`slower for want of room: ${message}`]), ...scoped] };
};

/** What a pod of the target needs more than one of the version that it takes the place of. */
const difference = (to: Amounts, from: Amounts): Amounts =>
  Object.fromEntries(Object.entries(to).map(([name, amount]) => [name, amount - (from[name] ?? 0)]));

/** The controllers' own arithmetic: new pods up to wanted + surge in total, and no more than are missing. */
export const demandOf = (pace: Pace, pin: WorkloadPin, total: number, ofTarget: number): Demand => {
  const to = amountsOf(pin.template);
  if (pace.surge === 0) {
    const pods = Math.min(1, Math.max(0, pace.wanted - ofTarget));
    return { pods, each: difference(to, amountsOf(pin.fromTemplate)), makesRoom: false };
  }
  const pods = Math.max(0, Math.min(pace.wanted + pace.surge - total, pace.wanted - ofTarget));
  return { pods, each: { ...to, pods: 1 }, makesRoom: pace.unavailable > 0 };
};

/** Reads the quotas of the namespace. Not being allowed to is a remark: they may well leave room. */
export const roomFor = async (site: Site, workload: Workload, pin: WorkloadPin, signal: AbortSignal): Promise<Room> => {
  const path = corePath(site.step.namespace, 'resourcequotas');
  const listed = await site.connection.send<ListOf<ResourceQuota>>({ method: 'GET', path }, signal);
  if (listed.kind !== 'ok') return { kind: 'enough', remarks: [`quotas could not be checked: ${reasonOf(listed)}`] };
  if (listed.body.items.length === 0) return { kind: 'enough', remarks: [] };
  const read = await listPods(site, workload, signal);
  if (read.kind !== 'ok') return { kind: 'enough', remarks: [`quotas could not be checked: ${reasonOf(read)}`] };
  const pods = read.body.filter((pod) => !isLeaving(pod));
  const ofTarget = pin.hash === '' ? 0 : podsOfVersion(site, pods, pin.hash).length;
  return judgeRoom(listed.body.items, demandOf(site.kind.pace(workload), pin, pods.length, ofTarget));
};
