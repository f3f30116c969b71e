import { CHANGE_KINDS } from '../domain/change.ts';
import { ANSWERS } from '../domain/suspect.ts';
import type { Policy } from '../domain/policy.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { IMPACT_TRENDS } from '../domain/trend.ts';
import type { RuleKind } from './rule-file.ts';

/** `any`: whatever stands at a path of an object. */
export type FactType = 'number' | 'text' | 'yes-no' | 'list' | 'object' | 'any';

export interface FactKind {
  readonly type: FactType;
  /** The only texts it can be. */
  readonly oneOf?: readonly string[];
  /** For objects: the keys it can have; absent when any key can stand there. */
  readonly keys?: Readonly<Record<string, FactKind>>;
}

const number: FactKind = { type: 'number' };
const text: FactKind = { type: 'text' };
const yesNo: FactKind = { type: 'yes-no' };

/** Facts that describe how bad it is; numbers, measured or read from an alert. */
export const IMPACT_FACTS = [
  'usersAffectedPercent',
  'errorRatio',
  'errorRatioBaseline',
  'latencyP95Seconds',
  'latencyP95SecondsBaseline',
  'requestsPerSecond',
  'requestsPerSecondBaseline',
] as const;
export type ImpactFact = (typeof IMPACT_FACTS)[number];

/** Facts that every rule may read. */
export const RESERVED_FACTS: Readonly<Record<string, FactKind>> = {
  ...Object.fromEntries(IMPACT_FACTS.map((name) => [name, number])),
  service: text,
  environment: text,
  customerFacing: yesNo,
  serviceSpecialist: text,
  labels: { type: 'object' },
  annotations: { type: 'object' },
  alertNames: { type: 'list' },
  alertCount: number,
  firingSeconds: number,
  impactTrend: { type: 'text', oneOf: IMPACT_TRENDS },
  suspectChange: {
    type: 'object',
    keys: {
      id: text,
      kind: { type: 'text', oneOf: CHANGE_KINDS },
      service: text,
      version: text,
      previousVersion: text,
      startedAt: text,
      ageSeconds: number,
      quietSeconds: number,
      source: { type: 'text', oneOf: ['change-feed', 'target'] },
      own: yesNo,
      undoable: yesNo,
      onlyNewVersionFails: { type: 'text', oneOf: ANSWERS },
      changedServiceSuffers: { type: 'text', oneOf: ANSWERS },
      tests: { type: 'list' },
      rivals: { type: 'list' },
      rivalCount: number,
      acquitted: { type: 'list' },
      podTroubles: { type: 'list' },
      dependenciesAreWell: { type: 'text', oneOf: ANSWERS },
      growth: { type: 'text', oneOf: ['sudden', 'gradual'] },
    },
  },
  acquittedChanges: text,
  changeUnderWay: text,
  rollbackReady: yesNo,
  fixEtaSeconds: number,
  priorIncidents30d: number,
  hourOfDay: number,
  dayOfWeek: number,
};

/** What earlier stages concluded, in the order of the stages. */
export const CONCLUDED_FACTS: Readonly<Record<string, FactKind>> = {
  severity: { type: 'text', oneOf: SEVERITIES },
  unclassified: yesNo,
  specialist: text,
};

/** The only rules that know a conclusion: those that run after it. */
const AFTER: Readonly<Record<string, { readonly kinds: readonly RuleKind[]; readonly words: string }>> = {
  severity: { kinds: ['rollback', 'specialist', 'route'], words: 'rollback and routing rules' },
  unclassified: { kinds: ['rollback', 'specialist', 'route'], words: 'rollback and routing rules' },
  specialist: { kinds: ['route'], words: 'routes' },
};

const after = (fact: string) => (Object.hasOwn(AFTER, fact) ? AFTER[fact] : undefined);

export const isKnownTo = (kind: RuleKind, fact: string): boolean => after(fact)?.kinds.includes(kind) !== false;

/** In words, who knows a fact that not every rule knows; null for the others. */
export const whoKnows = (fact: string): string | null => after(fact)?.words ?? null;

/** False for the facts that Firebreak knows by itself: no query may take their place. */
export const isMeasurable = (name: string): boolean =>
  (IMPACT_FACTS as readonly string[]).includes(name) ||
  !(Object.hasOwn(RESERVED_FACTS, name) || Object.hasOwn(CONCLUDED_FACTS, name));

/** Every fact that rules may name, by name. Facts declared in the configuration are numbers: they come from PromQL. */
export function factKinds(declaredFacts: readonly string[]): ReadonlyMap<string, FactKind> {
  const declared = declaredFacts.map((name): [string, FactKind] => [name, number]);
  return new Map([...declared, ...Object.entries(RESERVED_FACTS), ...Object.entries(CONCLUDED_FACTS)]);
}

/** The names under `facts` of the configuration, global or of any service. */
export function declaredFactNames(policy: Pick<Policy, 'facts' | 'services'>): readonly string[] {
  const perService = Object.values(policy.services).flatMap((service) => Object.keys(service.facts));
  return [...new Set([...Object.keys(policy.facts), ...perService])].sort();
}
