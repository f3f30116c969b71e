import { startSmtp, type FakeSmtp, type ReceivedMail } from '../fakes/smtp.ts';
import { startStatuspage, type FakeStatuspage } from '../fakes/statuspage.ts';
import { eventually, removeDirectory, startFirebreakProcess, type FirebreakProcess } from '../harness/firebreak.ts';

const KEY = 'statuspage-test-key';
const STARTED = new Date().toISOString();

let smtp: FakeSmtp;
let statuspage: FakeStatuspage;
let firebreak: FirebreakProcess;

beforeAll(async () => {
  smtp = await startSmtp({ auth: { user: 'firebreak', pass: 'p@ss word' } });
  statuspage = await startStatuspage({ apiKey: KEY, pageId: 'page1', components: ['c1'], limit: 429 });
  firebreak = await startFirebreakProcess({
    config: {
      email: { smtpUrl: smtp.url, from: 'Firebreak <firebreak@example.com>', to: ['ops@example.com'] },
      statuspage: {
        apiKey: KEY,
        pageId: 'page1',
        apiUrl: statuspage.url,
        publish: 'automatic',
        components: { checkout: ['c1'] },
      },
      audiences: {
        stakeholders: {
          email: ['product@example.com'],
          templates: { opened: '{severity} on {service}, tell your customers' },
        },
      },
      services: { checkout: { customerFacing: true }, reports: { customerFacing: false } },
    },
  });
});

afterAll(async () => {
  await firebreak.stop();
  await removeDirectory(firebreak.directory);
  await Promise.all([smtp.stop(), statuspage.stop()]);
});

const alerts = async (service: string, severity: string, status: 'firing' | 'resolved'): Promise<void> => {
  const alert = {
    status,
    labels: { alertname: `${service}Fails`, service, environment: 'production', severity },
    annotations: {
      summary: `${service} fails on db-7`,
      ...(severity === 'critical' ? { users_affected_percent: '95' } : {}),
    },
    startsAt: STARTED,
    endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString(),
  };
  const answer = await firebreak.post('/webhooks/alertmanager', { version: '4', status, alerts: [alert] });
  expect(answer.status).toBe(200);
};

const mailTo = (address: string, subject: RegExp): Promise<ReceivedMail> =>
  eventually(
    () =>
      Promise.resolve(smtp.mails.find(({ to, parsed }) => to.includes(address) && subject.test(parsed.subject ?? ''))),
    (mail) => mail !== undefined,
  ).then((mail) => mail!);

test('a P2 is mailed to the team, from its beginning to its end, in one thread', async () => {
  await alerts('reports', 'warning', 'firing');
  const opened = await mailTo('ops@example.com', /^\[P2\] reports: /);
  expect(opened).toMatchObject({ user: 'firebreak', from: 'firebreak@example.com' });
  expect(opened.parsed.text).toContain('P2 on reports (production)');

  await alerts('reports', 'warning', 'resolved');
  const thread = await eventually(
    () => Promise.resolve(smtp.mails.filter(({ parsed }) => parsed.references === opened.parsed.references)),
    (mails) => mails.some(({ parsed }) => parsed.text?.includes('Status: resolved') === true),
  );
  expect(new Set(thread.map(({ parsed }) => parsed.subject)).size).toBe(1);
  expect(statuspage.incidents).toEqual([]);
});

test('a P0 that customers feel is on the status page, in words for them, and ends there', async () => {
  await alerts('checkout', 'critical', 'firing');
  await eventually(
    () => Promise.resolve(statuspage.incidents.length),
    (count) => count === 1,
  );
  expect(statuspage.incidents[0]).toMatchObject({
    name: 'Problems with checkout',
    impact: 'critical',
    status: 'investigating',
  });
  expect(statuspage.components.get('c1')).toBe('major_outage');
  const told = await mailTo('product@example.com', /^\[P0\] checkout: /);
  expect(told.parsed.text).toContain('P0 on checkout, tell your customers');

  await alerts('checkout', 'critical', 'resolved');
  await eventually(
    () => Promise.resolve(statuspage.components.get('c1')),
    (status) => status === 'operational',
  );
  expect(statuspage.incidents).toHaveLength(1);
  expect(statuspage.incidents[0]!.status).toBe('monitoring');
  expect(JSON.stringify(statuspage.incidents)).not.toContain('db-7');
});
