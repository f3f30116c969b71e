import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startSlack, type FakeSlack } from '../fakes/slack.ts';
import { startSmtp, type FakeSmtp } from '../fakes/smtp.ts';
import { eventually, removeDirectory, startFirebreakProcess, type FirebreakProcess } from '../harness/firebreak.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const TOKEN = 'xoxb-test-token';

let slack: FakeSlack;
let smtp: FakeSmtp;
let firebreak: FirebreakProcess;

beforeAll(async () => {
  slack = await startSlack({ token: TOKEN, channels: { C1: 'incidents' } });
  smtp = await startSmtp();
  firebreak = await startFirebreakProcess({
    config: {
      slack: { token: TOKEN, channel: 'C1', apiUrl: slack.url },
      email: { smtpUrl: smtp.url, from: 'firebreak@example.com', to: ['ops@example.com'] },
    },
  });
});

afterAll(async () => {
  await firebreak.stop();
  await removeDirectory(firebreak.directory);
  await Promise.all([slack.stop(), smtp.stop()]);
});

/** The command line, as a user calls it. */
const cli = (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], FIREBREAK_URL: firebreak.url };
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (_, out, errors) => {
      resolve({ code: child.exitCode ?? -1, out: `${out}${errors}` });
    });
  });

const announced = () => slack.channels.get('C1')!.filter(({ threadTs }) => threadTs === null);

test('what Slack refused is listed with the reason, and sent when the command line says so', async () => {
  slack.sayNo('chat.postMessage', 'not_in_channel');
  const alert = {
    status: 'firing',
    labels: { alertname: 'CheckoutDown', service: 'checkout', environment: 'production', severity: 'critical' },
    annotations: { summary: 'checkout fails', users_affected_percent: '95' },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
  };
  const answer = await firebreak.post('/webhooks/alertmanager', { version: '4', status: 'firing', alerts: [alert] });
  expect(answer.status).toBe(200);

  const listed = await eventually(
    () => cli('effects', 'list', '--json'),
    ({ out }) => out.includes('not_in_channel'),
  );
  const { items } = JSON.parse(listed.out) as {
    items: { id: string; channel: string; kind: string; status: string }[];
  };
  const announcement = items.find(({ channel, kind }) => channel === 'slack' && kind === 'announce');
  expect(announcement).toMatchObject({ status: 'failed' });
  expect((await cli('effects', 'list')).out).toMatch(/:slack:announce .* Slack: not_in_channel /);
  expect(announced().filter(({ metadata }) => metadata?.event_payload['effect_id'] === announcement!.id)).toEqual([]);

  expect(await cli('effects', 'retry', announcement!.id)).toEqual({ code: 0, out: '1 effect will be sent again\n' });
  const [sent] = await eventually(
    () =>
      Promise.resolve(announced().filter(({ metadata }) => metadata?.event_payload['effect_id'] === announcement!.id)),
    (found) => found.length > 0,
  );
  expect(JSON.stringify(sent!.blocks)).toContain('checkout');
  expect((await cli('effects', 'list')).out).toBe('Nothing was given up.\n');
  expect(await cli('effects', 'retry', announcement!.id)).toEqual({
    code: 1,
    out: '0 effects will be sent again\n1 not found among those given up\n',
  });
});
