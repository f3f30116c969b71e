import type { AutomationMode, PinnedTarget, StepConfig, VersionRef } from '../domain/plan.ts';
import { moveText } from '../domain/plan-text.ts';
import type { Clock } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import type { ProviderRegistry, Refusal, Resolution } from './ports.ts';

export interface PreviewDeps {
  readonly providers: ProviderRegistry;
  readonly clock: Clock;
  readonly callTimeoutMs: number;
}

/** Why a step could not be carried out now; few words, for a metric's label. */
export type ReadyReason =
  'ready' | 'already-there' | Refusal | 'unreachable' | 'unauthorized' | 'rejected' | 'no-provider';

export interface StepPreview {
  readonly name: string;
  readonly provider: string;
  /** What it acts on. */
  readonly target: string;
  readonly reason: ReadyReason;
  readonly message: string;
  /** Null when it could not be resolved. */
  readonly from: VersionRef | null;
  readonly to: VersionRef | null;
  readonly notReverted: readonly string[];
  readonly warnings: readonly string[];
}

export interface PlanPreview {
  readonly service: string;
  readonly mode: AutomationMode;
  readonly at: string;
  /** The first step that could not be carried out says why. */
  readonly reason: ReadyReason;
  readonly steps: readonly StepPreview[];
  /** For people: `checkout: r42 (shop/checkout:1.9, 11 min old) → r41 (shop/checkout:1.8, ran 6 days)`. */
  readonly text: string;
}

/** What a rollback of this service would do now: resolved and rehearsed on the real targets, and nothing changed. */
export async function previewPlan(
  deps: PreviewDeps,
  service: string,
  mode: AutomationMode,
  configs: readonly StepConfig[],
): Promise<PlanPreview> {
  const now = deps.clock.now();
  const steps = await Promise.all(configs.map((config) => previewStep(deps, config)));
  const stuck = steps.find(({ reason }) => reason !== 'ready' && reason !== 'already-there');
  const everywhere = steps.every(({ reason }) => reason === 'already-there');
  const reason = stuck?.reason ?? (everywhere ? 'already-there' : 'ready');
  return { service, mode, at: iso(now), reason, steps, text: textOf(service, steps, now) };
}

async function previewStep({ providers, clock, callTimeoutMs }: PreviewDeps, config: StepConfig): Promise<StepPreview> {
  const provider = providers[config.provider];
  const about = { name: config.name, provider: config.provider, target: provider?.describe(config) ?? config.name };
  if (provider === undefined) return unknownStep(about, 'no-provider', `provider ${config.provider} is not available`);
  const context = { badVersions: [], now: iso(clock.now()) };
  const resolution = await provider.resolve(config, context, AbortSignal.timeout(callTimeoutMs));
  if (resolution.kind === 'refused') return unknownStep(about, resolution.refusal, resolution.message);
  if (resolution.kind === 'failed') return unknownStep(about, reasonOf(resolution), resolution.failure.message);
  const { target } = resolution;
  if (resolution.kind === 'already-there') return known(about, target, 'already-there', resolution.message);
  const rehearsal = await provider.rehearse(config, target, AbortSignal.timeout(callTimeoutMs));
  switch (rehearsal.kind) {
    case 'would-work':
      return known(about, target, 'ready', rehearsal.message);
    case 'refused':
      return known(about, target, rehearsal.refusal, rehearsal.message);
    case 'failed':
      return known(about, target, reasonOf(rehearsal), rehearsal.failure.message);
  }
}

type About = Pick<StepPreview, 'name' | 'provider' | 'target'>;

const unknownStep = (about: About, reason: ReadyReason, message: string): StepPreview => ({
  ...about,
  reason,
  message,
  from: null,
  to: null,
  notReverted: [],
  warnings: [],
});

const known = (about: About, target: PinnedTarget, reason: ReadyReason, message: string): StepPreview => ({
  ...about,
  reason,
  message,
  from: target.from,
  to: target.to,
  notReverted: target.notReverted,
  warnings: target.warnings,
});

function reasonOf({ failure }: Extract<Resolution, { kind: 'failed' }>): ReadyReason {
  switch (failure.kind) {
    case 'unauthorized':
    case 'rejected':
      return failure.kind;
    case 'rate-limited':
    case 'server':
    case 'ambiguous':
    case 'unreachable':
      return 'unreachable';
  }
}

function textOf(service: string, steps: readonly StepPreview[], now: number): string {
  const label = (step: StepPreview): string => (steps.length === 1 ? service : `${service}, ${step.name}`);
  return steps.map((step) => `${label(step)}: ${moveOf(step, now)}`).join('\n');
}

const moveOf = ({ from, to, message }: StepPreview, now: number): string =>
  from === null || to === null ? message : moveText(from, to, now);
