import type { Command } from '../../src/domain/incident/commands.ts';
import type { ActionKind, FixStage, ReportSection } from '../../src/domain/incident/process-events.ts';
import type { Stage } from './stage.ts';

const MIA = { by: 'Mia Torres', via: 'console' };
const JONAS = { by: 'Jonas Weber', via: 'api' };
const PRIYA = { by: 'Priya Nair', via: 'console' };

const PULL_REQUEST = 'https://git.example.com/identity/login/pull/913';

const fix = (stage: FixStage, at: string, text: string, version: string | null = null): Command => ({
  kind: 'record-fix',
  ...JONAS,
  stage,
  at,
  url: stage === 'linked' ? PULL_REQUEST : null,
  version,
  text,
});

const action = (of: ActionKind, text: string, owner: string, due: string): Command => ({
  kind: 'add-action',
  ...MIA,
  action: text,
  of,
  owner,
  dueAt: `${due}T17:00:00.000Z`,
});

const written = (section: ReportSection, text: string): Command => ({ kind: 'write-section', ...MIA, section, text });

/** Diagnosis, fix and learning, once the service is restored. */
export async function afterwards(stage: Stage, on: (time: string) => string): Promise<void> {
  await stage.at(on('14:41:10'), () => metric());
  await stage.at(on('14:45:00'), () => ({
    kind: 'record-root-cause',
    ...JONAS,
    category: 'code-bug',
    summary: 'r42 reads the column tenant_id of the session store, which its migration adds only after the rollout',
    confidence: 0.8,
    evidence: ['E1'],
  }));
  await stage.at(on('14:50:00'), () => impact());
  await stage.at(on('14:58:30'), () => ticket());
  await stage.at(on('15:12:00'), () => fix('linked', on('15:12:00'), 'Read tenant_id only once the migration has run'));
  await stage.at(on('15:55:00'), () => fix('implemented', on('15:55:00'), 'Reviewed and merged'));
  await stage.at(on('16:23:00'), () => [
    fix('tested', on('16:23:00'), 'The fault was reproduced with r42, and is gone with r43', 'r43'),
    { kind: 'judge-root-cause', ...JONAS, id: 'H1', state: 'confirmed', because: 'reproduced in the test of the fix' },
  ]);
  await stage.at(on('16:31:00'), () =>
    fix('staging', on('16:31:00'), 'Sign-in works in staging before and after the migration', 'r43'),
  );
  await stage.at(on('16:45:00'), () => fix('deployed', on('16:45:00'), 'Rolled out to every pod', 'r43'));
  await stage.at(on('16:52:00'), () =>
    fix('validated', on('16:52:00'), 'Error ratio 0.003, sign-in journey green, no alert', 'r43'),
  );
  await learning(stage);
}

const metric = (): Command => ({
  kind: 'add-evidence',
  ...JONAS,
  evidence: 'metric',
  title: 'Errors of sign-in by version',
  url: null,
  text: null,
  query: 'sum by (version) (rate(http_requests_total{service="login",code=~"5.."}[1m]))',
  result: [
    { version: 'r42', value: 61.3 },
    { version: 'r41', value: 0.1 },
  ],
});

const ticket = (): Command => ({
  kind: 'add-evidence',
  ...PRIYA,
  evidence: 'ticket',
  title: 'SUP-4471: I cannot sign in (and 37 like it)',
  url: 'https://support.example.com/tickets/SUP-4471',
  text: null,
  query: null,
  result: null,
});

const impact = (): Command => ({
  kind: 'state-impact',
  ...PRIYA,
  impact: {
    usersAffectedPercent: 67,
    usersAffected: 12_400,
    features: ['sign-in', 'password reset'],
    errorExperience: '"Something went wrong" after the password was entered; those who were signed in noticed nothing',
    supportTickets: 38,
    revenue: 'about 90 orders later than usual, none known to be lost',
    satisfaction: '14 complaints',
    brand: 'three posts, no press',
    database: 'none: nothing was written',
    application: 'every sign-in that reached an r42 pod failed',
    downstream: 'none known; the mobile app retried by itself',
  },
});

/** The next day: what people write, what is to be done, and that it is shared. */
async function learning(stage: Stage): Promise<void> {
  const next = (time: string): string => `2024-01-16T${time}.000Z`;
  await stage.at(next('09:05:00'), () => [
    action('immediate', 'Hold every rollout of login until its migrations are checked', 'Jonas Weber', '2024-01-16'),
    action('process', 'Migrations ship one release before the code that needs them', 'Mia Torres', '2024-01-31'),
    action('technical', 'Start a new pod against the schema of production in CI', 'Jonas Weber', '2024-01-26'),
    action('documentation', 'Runbook of login: how to see which version fails', 'Priya Nair', '2024-01-22'),
  ]);
  await stage.at(next('09:20:00'), () => TEXTS.map(([section, text]) => written(section, text)));
  await stage.at(next('11:30:00'), () => ({
    kind: 'change-action',
    ...JONAS,
    id: 'A1',
    status: 'done',
    note: 'held in CI',
  }));
  await stage.at(next('14:00:00'), () => ({ kind: 'publish-postmortem', ...MIA }));
  stage.until(Date.parse('2024-01-17T00:00:00.000Z'));
}

const TEXTS: readonly (readonly [ReportSection, string])[] = [
  [
    'summary',
    'Two of three users could not sign in for five and a half minutes. A new version of login needed a database column that did ' +
      'not exist yet. Going back to the version before restored the service; the fix went out the same afternoon.',
  ],
  [
    'what-happened',
    'r42 of login reads tenant_id from the session store. The migration that adds the column runs as a job after the ' +
      'rollout. Until it had run, every sign-in that reached a new pod failed.',
  ],
  [
    'why-not-caught-in-review',
    'The change and its migration were in one pull request, and read as if they went out together. Nobody asked in which order.',
  ],
  ['why-not-caught-in-testing', 'The tests run on a database that has every migration already.'],
  [
    'why-not-caught-in-deployment',
    'The readiness probe asks only whether the process answers. No step of the rollout signs anybody in.',
  ],
  [
    'contributing-factors',
    '- The migration job is not part of the rollout and reports to nobody.\n- Sign-in has no canary: all pods were replaced within 70 s.',
  ],
  [
    'impact-business',
    'Support answered the 38 tickets within the hour. No contract names a penalty for an outage this short.',
  ],
  [
    'impact-technical',
    'No data was lost or changed. The cache of sessions was cold for some minutes after the rollback.',
  ],
  [
    'resolution',
    'Mia let the rollback begin before its hold was over, since r42 was the only change of the last hour.',
  ],
  [
    'prevention',
    'The order of migration and code becomes a rule that CI checks. It is verified with the next two migrations of login.',
  ],
  ['went-well', 'The rollback had been rehearsed that morning, so nobody hesitated.'],
  ['could-be-better', 'Support heard of it from users before it heard of it from us.'],
  ['takeaways', 'A schema change is a release of its own.'],
  ['reviewers', 'Jonas Weber, Priya Nair'],
];
