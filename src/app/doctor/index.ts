import type { DoctorCheck, DoctorReport } from '../../cli/ports.ts';
import type { Clock } from '../../domain/time.ts';
import type { Settings } from '../../settings/types.ts';
import type { RulesReport } from '../../triage/check-rules.ts';
import { checkEmail, checkStatuspage, checkWebhooks } from './channels.ts';
import { clockCheck } from './clock.ts';
import type { WithDatabase } from './database.ts';
import { checkDatabase } from './database.ts';
import type { Found } from './line.ts';
import { failed, ok, warning } from './line.ts';
import { checkAlertmanager, checkPrometheus } from './monitoring.ts';
import { checkPagerDuty } from './paging.ts';
import { checkSlack } from './slack.ts';
import { checkArgocd, checkKubernetes, checkPlans } from './targets.ts';

export interface DoctorInput {
  readonly settings: Settings;
  readonly rules: RulesReport;
  readonly database: WithDatabase;
  readonly clock: Clock;
  readonly sendTest: boolean;
}

/** Nothing may take longer than this, whatever it says of itself. */
const LONGEST_MS = 60_000;

/**
 * Looks at everything that Firebreak needs, with the credentials that it would use, all at the same time. Changes nothing,
 * but for one test page that somebody asks for.
 */
export async function examine({ settings, rules, database, clock, sendTest }: DoctorInput): Promise<DoctorReport> {
  const now = (): number => clock.now();
  const parts: readonly (readonly [name: string, look: () => Promise<Found>])[] = [
    ['database', () => checkDatabase(settings, database, now)],
    ['pagerduty', () => checkPagerDuty(settings, sendTest, now)],
    ['slack', () => checkSlack(settings)],
    ['email', () => checkEmail(settings)],
    ['statuspage', () => checkStatuspage(settings, now)],
    ['webhooks', () => checkWebhooks(settings)],
    ['prometheus', () => checkPrometheus(settings, now)],
    ['alertmanager', () => checkAlertmanager(settings, now)],
    ['kubernetes', () => checkKubernetes(settings)],
    ['argocd', () => checkArgocd(settings, now)],
    ['rollback plans', () => checkPlans(settings, clock)],
  ];
  const found = await Promise.all(parts.map(([name, look]) => bounded(name, look())));
  const clocks = found.flatMap((each) => each.clocks ?? []);
  return {
    configPath: settings.configPath,
    checks: [
      ...configChecks(settings),
      ruleCheck(rules, settings),
      clockCheck(clocks),
      ...found.flatMap((f) => f.checks),
    ],
  };
}

/** A part that breaks is a finding of its own, and costs the others nothing. */
async function bounded(name: string, look: Promise<Found>): Promise<Found> {
  const late = Promise.withResolvers<Found>();
  const timer = setTimeout(() => {
    late.resolve({ checks: [failed(name, 'no end of it in a minute', 'Look at the address and at the network.')] });
  }, LONGEST_MS);
  try {
    return await Promise.race([look, late.promise]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { checks: [failed(name, message, 'This should not happen: please report it.')] };
  } finally {
    clearTimeout(timer);
  }
}

function configChecks({ configPath, sandboxReason, notifications, heartbeat }: Settings): readonly DoctorCheck[] {
  const name = 'configuration';
  return [
    ok(name, configPath ?? 'no file: everything is the default'),
    ...(sandboxReason === null
      ? []
      : [
          warning(
            'sandbox',
            `nothing is sent or changed: ${sandboxReason}`,
            'Right for trying out, and for nothing else.',
          ),
        ]),
    ...(notifications === 'observe'
      ? [warning('notifications', 'observe: nothing is sent', 'docs/moving-in.md leads from here to the cut-over.')]
      : []),
    heartbeat === null
      ? warning(
          'heartbeat',
          'nothing outside notices when Firebreak is dead',
          'Set heartbeat.url to a dead-man switch.',
        )
      : ok('heartbeat', 'configured; it is not asked here, for that would be a sign of life'),
  ];
}

function ruleCheck({ ok: good, problems, ruleSet, tests }: RulesReport, { rulesDir }: Settings): DoctorCheck {
  const failing = tests.filter(({ passed }) => !passed).length;
  if (good) return ok('rules', `${rulesDir}, hash ${(ruleSet?.hash ?? '').slice(0, 12)}, ${tests.length} tests pass`);
  if (problems.length > 0)
    return failed('rules', `${problems.length} problems in ${rulesDir}`, 'firebreak rules check names them.');
  return failed('rules', `${failing} of ${tests.length} tests fail`, 'firebreak rules test names them.');
}
