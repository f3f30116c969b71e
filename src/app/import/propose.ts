import type { ImportReport, JudgedAlert, ProposedService } from '../../cli/ports.ts';
import type { Assessment } from '../../domain/decision.ts';
import { labelFor } from '../../domain/correlation.ts';
import type { Policy } from '../../domain/policy.ts';
import { ms } from '../../domain/time.ts';
import { evaluate } from '../../triage/evaluate.ts';
import { assembleFacts } from '../../triage/facts.ts';
import type { RuleSet } from '../../triage/rule-set.ts';
import type { Gathered, SeenAlert } from './gather.ts';

interface Judged {
  readonly seen: SeenAlert;
  readonly service: string | null;
  readonly environment: string | null;
  readonly assessment: Assessment;
}

type Proposal = Pick<ImportReport, 'alerts' | 'services' | 'heartbeats' | 'judged'>;

/** What Firebreak would make of it: whose alerts they are, and how severe each is as far as its labels and texts say. */
export async function propose(gathered: Gathered, rules: RuleSet, policy: Policy, now: number): Promise<Proposal> {
  const all = [...gathered.alerts, ...(gathered.rules ?? [])];
  const beats = all.filter(({ name }) => isHeartbeat(name) || policy.correlation.heartbeats.includes(name));
  const judged: Judged[] = [];
  for (const seen of all) if (!beats.includes(seen)) judged.push(await judge(seen, rules, policy, now));
  const named = judged.filter(({ service }) => service !== null && isName(service));
  const known = policy.correlation.heartbeats;
  return {
    alerts: gathered.alerts.length,
    services: [...Map.groupBy(named, ({ service }) => service ?? '')]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, of]) => serviceOf(name, of, policy)),
    heartbeats: {
      configured: known,
      found: sorted(beats.map(({ name }) => name)).filter((name) => !known.includes(name)),
    },
    judged: summaries(judged),
  };
}

/** What monitoring mixins call the alert that always fires. */
const isHeartbeat = (name: string): boolean => /^(watchdog|dead-?man'?s?-?(switch|snitch)|heartbeat)$/i.test(name);

/** One that the configuration takes as the name of a service. */
const isName = (service: string): boolean => service.length <= 200 && /^\P{Cc}+$/u.test(service) && /\S/.test(service);

async function judge(seen: SeenAlert, rules: RuleSet, policy: Policy, now: number): Promise<Judged> {
  const { name, labels, annotations, startsAt } = seen;
  const service = labelFor(labels, policy.correlation.labels.service);
  const environment = labelFor(labels, policy.correlation.labels.environment);
  const own = service !== null && Object.hasOwn(policy.services, service) ? policy.services[service] : undefined;
  const facts = assembleFacts({
    ...{ service, environment, labels, annotations, now },
    customerFacing: own?.customerFacing ?? null,
    serviceSpecialist: own?.specialist ?? null,
    alertNames: [name],
    alertCount: 1,
    firingSeconds: startsAt === null ? 0 : Math.max(0, now - ms(startsAt)) / 1000,
    alerts: [{ name, labels, annotations }],
    ...NOBODY_KNOWS,
  });
  return { seen, service, environment, assessment: await evaluate(rules, facts, now) };
}

/** Nothing is measured here and no change is looked for: that needs a running Firebreak. */
const NOBODY_KNOWS = {
  impactTrend: null,
  suspectChange: null,
  acquittedChanges: null,
  changeUnderWay: null,
  rollbackReady: null,
  fixEtaSeconds: null,
  priorIncidents30d: null,
  measured: {},
  stated: {},
};

function serviceOf(name: string, of: readonly Judged[], { correlation, services }: Policy): ProposedService {
  const alerts = of.map(({ seen }) => seen);
  const label = correlation.labels.service.find((each) => alerts.some(({ labels }) => labels[each] === name)) ?? '';
  const each = (read: (seen: SeenAlert) => string | undefined): string | null => theOne(alerts.map(read));
  const url = each(({ annotations }) => annotations['runbook_url'] ?? annotations['runbook']);
  return {
    name,
    label,
    configured: Object.hasOwn(services, name),
    environments: sorted(of.flatMap(({ environment }) => environment ?? [])),
    alertNames: sorted(alerts.map((alert) => alert.name)),
    alerts: alerts.filter(({ from }) => from === 'alertmanager').length,
    receivers: sorted(alerts.flatMap(({ receivers }) => receivers)),
    owner: each(({ labels }) => labels['team'] ?? labels['owner']),
    runbookUrl: url !== null && isPlainUrl(url) ? url : null,
    specialist: theOne(of.map(({ assessment }) => assessment.routing.specialist ?? undefined)),
  };
}

/** The value that all have which have one. */
function theOne(values: readonly (string | undefined)[]): string | null {
  const [value, ...others] = new Set(values.filter((each) => each !== undefined && each.trim() !== ''));
  return others.length === 0 ? (value ?? null) : null;
}

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:\/\//i.test(text) && url.username === '' && url.password === '';
}

/** Alerts that differ in nothing that was judged are one line. */
function summaries(judged: readonly Judged[]): readonly JudgedAlert[] {
  const lines = judged.map(({ seen, service, assessment: { severity } }) => ({
    alertname: seen.name,
    service,
    labelled: seen.labels['severity'] ?? null,
    ...{ severity: severity.severity, rule: severity.rule, because: severity.because },
    unclassified: severity.unclassified,
    from: seen.from,
  }));
  return [...Map.groupBy(lines, (line) => JSON.stringify(line))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, same]) => same.slice(0, 1).map((line) => ({ ...line, alerts: same.length })));
}

const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
