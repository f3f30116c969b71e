import { Client } from 'pg';
import { startSlack, type FakeMessage, type FakeSlack } from '../fakes/slack.ts';
import { elementsOf, signedBySlack, SlackUser, type Doing } from '../fakes/slack-user.ts';
import { testDatabase, urlOf } from '../harness/database.ts';
import { eventually, startFirebreakProcess, type FirebreakProcess } from '../harness/firebreak.ts';

const SECRET = 'the-signing-secret';
const TOKEN = 'xoxb-test';
/** What Slack waits, and then tells its user that it failed. */
const SLACK_WAITS_MS = 3_000;

let database: Awaited<ReturnType<typeof testDatabase>>;
let slack: FakeSlack;
let firebreak: FirebreakProcess;
let ada: SlackUser;
let eve: SlackUser;
let stranger: SlackUser;

beforeAll(async () => {
  database = await testDatabase();
  slack = await startSlack({ token: TOKEN, channels: { C1: 'incidents', C2: 'elsewhere' } });
  slack.groups.set('S0RESPOND', ['UGROUP']);
  firebreak = await startFirebreakProcess({
    databaseUrl: urlOf(database.connection),
    config: {
      slack: {
        token: TOKEN,
        signingSecret: SECRET,
        signingSecrets: ['the-secret-before'],
        channel: 'C1',
        apiUrl: slack.url,
        messagesPerSecond: 100,
        users: { UADA01: { name: 'ada', role: 'responder' }, UEVE01: { name: 'eve', role: 'viewer' } },
        groups: { S0RESPOND: 'responder' },
      },
      services: { checkout: { customerFacing: true }, search: {}, basket: {}, login: {}, mail: {} },
    },
  });
  const workspace = { slack, url: firebreak.url, signingSecret: SECRET, channel: 'C1' };
  ada = new SlackUser(workspace, { id: 'UADA01', name: 'ada.l' });
  eve = new SlackUser(workspace, { id: 'UEVE01', name: 'eve.m' });
  stranger = new SlackUser(workspace, { id: 'U999', name: 'ada' });
});

afterAll(async () => {
  await firebreak.stop();
  await slack.stop();
  await database.drop();
});

interface Incident {
  readonly id: string;
  readonly severity: string;
  readonly status: string;
  readonly commander: string | null;
}

const get = async <T>(path: string): Promise<T> => (await firebreak.get(`/api/v1${path}`)) as T;
const incidentOf = (id: string): Promise<Incident> => get(`/incidents/${id}`);
const typesOf = async (id: string): Promise<string[]> => {
  const { items } = await get<{ items: { type: string }[] }>(`/incidents/${id}/timeline`);
  return items.map(({ type }) => type);
};
const textOf = (value: unknown): string => JSON.stringify(value);
const messageOf = (id: string): FakeMessage | undefined =>
  slack.channels.get('C1')!.find((each) => each.threadTs === null && textOf(each.blocks).includes(id));

/** An incident with its message in Slack. */
async function incident(service: string, percent = '95'): Promise<{ id: string; message: FakeMessage }> {
  await firebreak.post('/webhooks/alerts', {
    alerts: [
      {
        status: 'firing',
        labels: { alertname: `Errors${percent}`, service, environment: 'production', severity: 'critical' },
        annotations: { summary: `${service} fails`, users_affected_percent: percent },
      },
    ],
  });
  const { items } = await eventually(
    () => get<{ items: Incident[] }>(`/incidents?service=${service}`),
    ({ items }) => items.length > 0 && messageOf(items[0]!.id) !== undefined,
  );
  // As it is on somebody's screen: Slack goes on rewriting the message.
  return { id: items[0]!.id, message: structuredClone(messageOf(items[0]!.id)!) };
}

/** Until the message has what it is looked at for: the true state, in place. */
const message = (id: string, says: (message: FakeMessage) => boolean): Promise<FakeMessage> =>
  eventually(
    async () => messageOf(id)!,
    (each) => says(each),
  );
const buttons = (each: FakeMessage): string[] => [...elementsOf(each.blocks).keys()].sort();
const later = (reaction: { later: { answers: readonly object[] } }): Promise<string> =>
  eventually(
    async () => textOf(reaction.later.answers),
    (answers) => answers !== '[]',
  );

describe('who is calling', () => {
  const send = (body: string, headers: Record<string, string>) =>
    fetch(`${firebreak.url}/webhooks/slack`, { method: 'POST', body, headers });
  const body = 'command=%2Fincident&text=list&user_id=UADA01&trigger_id=t';

  test.each<[string, Doing]>([
    ['with another secret', { secret: 'x' }],
    ['a recording of six minutes ago', { at: Date.now() - 360_000 }],
    ['from the future', { at: Date.now() + 360_000 }],
  ])('%s is 401, and nothing is read', async (_, doing) => {
    const reaction = await ada.type('list', doing);
    expect(reaction.status).toBe(401);
    expect(textOf(reaction.body)).not.toContain('incident');
  });

  test('every refusal says the same', async () => {
    const signed = signedBySlack(body, SECRET);
    const { 'X-Slack-Signature': signature = '', ...unsigned } = signed;
    const refused = await Promise.all(
      [
        unsigned,
        { ...signed, 'X-Slack-Signature': 'v0=' },
        { ...signed, 'X-Slack-Signature': signature.replace('v0', 'v1') },
        { ...signed, 'X-Slack-Request-Timestamp': '1e3' },
        { ...signed, 'X-Slack-Signature': signature.slice(0, -2) + '00' },
      ].map(async (headers) => {
        const response = await send(body, headers);
        return `${response.status} ${await response.text()}`;
      }),
    );
    expect(new Set(refused).size).toBe(1);
    expect(refused[0]).toMatch(/^401 /);
  });

  test('the signature is over the very bytes', async () => {
    expect((await send(body, signedBySlack(body, SECRET))).status).toBe(200);
    expect((await send(body.replace('%2F', '%2f'), signedBySlack(body, SECRET))).status).toBe(401);
  });

  test('the secret before is good, too, while Slack changes it', async () => {
    expect((await ada.type('list', { secret: 'the-secret-before' })).status).toBe(200);
  });

  test('refusals are counted', async () => {
    const counted = await eventually(
      async () => (await (await fetch(`${firebreak.url}/metrics`)).text()).split('\n'),
      (lines) => lines.some((line) => line.startsWith('firebreak_deliveries_total{') && line.includes('unauthorized')),
    );
    expect(counted.filter((line) => line.includes('unauthorized')).join('')).toContain('source="slack"');
  });

  test("Slack's own checks are answered", async () => {
    const check = await send('ssl_check=1&token=x', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect([check.status, await check.text()]).toEqual([200, '']);
    const challenge = JSON.stringify({
      type: 'url_verification',
      token: 'x',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY',
    });
    const headers = { ...signedBySlack(challenge, SECRET), 'Content-Type': 'application/json' };
    const verified = await send(challenge, headers);
    expect(await verified.json()).toEqual({ challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY' });
  });

  test('what cannot be read is 400, and what is none of ours is nothing', async () => {
    const sendSigned = async (form: Record<string, string>) => {
      const text = new URLSearchParams(form).toString();
      return (await send(text, signedBySlack(text, SECRET))).status;
    };
    expect(await sendSigned({ payload: '{' })).toBe(400);
    expect(await sendSigned({ payload: '{"type":"block_actions","actions":[]}' })).toBe(400);
    expect(await sendSigned({ command: '/incident' })).toBe(400);
    expect(await sendSigned({ payload: '{"type":"view_closed"}' })).toBe(200);
    expect(await sendSigned({ payload: '{"type":"message_action"}' })).toBe(200);
    expect(await sendSigned({ anything: 'else' })).toBe(200);
  });
});

describe('the buttons of a message', () => {
  test('acknowledge and take command: once each, by the name that is configured', async () => {
    const { id, message: posted } = await incident('checkout');
    expect(buttons(posted)).toEqual(
      ['acknowledge', 'command', 'dismiss', 'handover', 'note', 'resolve', 'severity', 'update'].sort(),
    );
    const pressed = await ada.press(posted, 'acknowledge');
    expect([pressed.status, pressed.body]).toEqual([200, null]);
    expect(pressed.ms).toBeLessThan(SLACK_WAITS_MS);
    expect(await incidentOf(id)).toMatchObject({ status: 'acknowledged', commander: 'ada' });
    const now = await message(id, (each) => !buttons(each).includes('acknowledge'));
    expect(textOf(now.blocks)).toContain('Acknowledged: by ada');

    // A second press on the message that somebody still has on their screen.
    const again = await ada.press(posted, 'acknowledge');
    expect(await later(again)).toMatch(/Nothing to do\. INC-.*acknowledged by ada/);
    expect(await later(await ada.press(now, 'command'))).toContain('Nothing to do');
    const types = await typesOf(id);
    expect(types.filter((type) => type === 'incident-acknowledged')).toHaveLength(1);
  });

  test('what Slack sends twice is done once, and answered both times', async () => {
    const { id } = await incident('checkout');
    const doing = { triggerId: slack.giveTrigger() };
    expect((await ada.type(`note ${id} said once`, doing)).body?.text).toMatch(/^Done/);
    expect(await ada.type(`note ${id} said once`, doing)).toMatchObject({ status: 200, body: null });
    expect((await typesOf(id)).filter((type) => type === 'note-added')).toHaveLength(1);
  });

  test('severity: chosen, it stands until it is released', async () => {
    const { id, message: posted } = await incident('search');
    await ada.press(posted, 'severity', 'P1');
    expect(await incidentOf(id)).toMatchObject({ severity: 'P1' });
    const now = await message(id, (each) => textOf(each.blocks).includes('Release P1'));
    await ada.press(now, 'severity', 'Release P1: rules decide');
    expect((await typesOf(id)).filter((type) => type.startsWith('severity-'))).toContain('severity-released');
  });

  test.each([
    ['update', 'status-updated'],
    ['note', 'note-added'],
    ['dismiss', 'incident-dismissed'],
  ])('%s opens a form, and what is written there is done', async (name, type) => {
    const { id, message: posted } = await incident('basket', name === 'dismiss' ? '97' : '95');
    const before = slack.views.length;
    await ada.press(posted, name);
    const [view] = await eventually(
      async () => slack.views.slice(before),
      (opened) => opened.length === 1,
    );
    const nothing = await ada.submit(view!, '  ');
    expect(nothing.body).toEqual({ response_action: 'errors', errors: { text: 'Write something.' } });
    const sent = await ada.submit(view!, 'as <!channel> it is');
    expect([sent.status, sent.body]).toEqual([200, null]);
    expect(await typesOf(id)).toContain(type);
    expect(slack.pings).toEqual([]);
  });

  test('resolve: with a reason; what is over has no buttons for it, and late presses say how it stands', async () => {
    const { id, message: posted } = await incident('mail');
    await ada.press(posted, 'resolve');
    const view = (await eventually(
      async () => slack.views.at(-1),
      (last) => textOf(last).includes(id),
    ))!;
    await ada.submit(view, 'the queue is empty again');
    expect(await incidentOf(id)).toMatchObject({ status: 'resolved' });
    const now = await message(id, (each) => !buttons(each).includes('resolve'));
    expect(buttons(now)).not.toContain('acknowledge');
    const late = await ada.press(posted, 'acknowledge');
    expect(await later(late)).toMatch(/Not done: incident INC-.* is resolved\. INC-.*: P0 on mail, resolved/);
    // Its form is still open on another screen.
    expect((await ada.submit(view, 'again')).body).toBeNull();
    expect((await typesOf(id)).filter((type) => type === 'incident-resolved')).toHaveLength(1);
  });

  test('a form that Slack does not open is said', async () => {
    const { id, message: posted } = await incident('checkout');
    const pressed = await ada.press(posted, 'note', null, { triggerId: 'expired' });
    expect(await later(pressed)).toContain(`/incident note ${id}`);
  });

  test('handover: what is open', async () => {
    const { id, message: posted } = await incident('checkout');
    expect(await later(await eve.press(posted, 'handover'))).toContain(id);
    expect((await eve.type('handover')).body?.text).toContain('Automation');
  });

  test('a button that is none of ours does nothing', async () => {
    const { message: posted } = await incident('checkout');
    const forged = {
      ...posted,
      blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'firebreak.fix', value: '{"i":7}' }] }],
    };
    expect(await later(await ada.press(forged, 'fix'))).toContain('not one of mine');
  });
});

describe('who may do what', () => {
  test.each([
    ['a viewer', () => eve, 'UEVE01'],
    ['somebody who is not configured, whatever their name', () => stranger, 'U999'],
  ])('%s may look and not act', async (_, who, id) => {
    const { id: incidentId, message: posted } = await incident('checkout');
    const before = await typesOf(incidentId);
    expect(await later(await who().press(posted, 'command'))).toMatch(
      new RegExp(`may look, but not act.*${id}.*viewer`),
    );
    expect((await who().type(`resolve ${incidentId} because`)).body?.text).toContain('Nothing was done');
    const forms = slack.views.length;
    expect(await later(await who().press(posted, 'update'))).toContain('may look');
    expect(slack.views).toHaveLength(forms);
    expect((await who().type('list')).body?.text).toContain(incidentId);
    expect(await typesOf(incidentId)).toEqual(before);
  });

  test('members of a user group act, under their name and id', async () => {
    const workspace = { slack, url: firebreak.url, signingSecret: SECRET, channel: 'C1' };
    const member = new SlackUser(workspace, { id: 'UGROUP', name: 'Ada' });
    const { id } = await incident('login');
    await eventually(
      () => member.type(`command ${id}`),
      ({ body }) => body?.text?.startsWith('Done') === true || body?.text?.startsWith('Nothing to do') === true,
    );
    expect(await incidentOf(id)).toMatchObject({ commander: 'Ada (UGROUP)' });
    // The same user from another workspace is a guest here.
    const guest = new SlackUser(workspace, { id: 'UGROUP', name: 'Ada', teamId: 'T2' });
    expect(await later(await guest.press(messageOf(id)!, 'acknowledge'))).toContain('may look');
  });
});

describe('/incident', () => {
  test('without more, and with what it does not know, it helps', async () => {
    expect((await eve.type('')).body?.text).toContain('/incident severity ID P1');
    expect((await ada.type('explode now')).body?.text).toContain('I do not know "explode"');
    expect((await ada.type('severity P1')).body?.text).toContain('Why P1?');
    expect((await ada.type('ack INC-20240101-000000')).body?.text).toContain('no incident INC-20240101-000000');
  });

  test('shows an incident as its message does, with its buttons', async () => {
    const { id } = await incident('checkout');
    const shown = await eve.type(`show ${id.toLowerCase()}`);
    expect(textOf(shown.body)).toContain('checkout fails');
    expect(textOf(shown.body)).toContain('firebreak.note');
    expect(shown.body).toMatchObject({ response_type: 'ephemeral' });
  });

  test('acts, and says what came of it', async () => {
    const { id } = await incident('checkout', '96');
    expect((await ada.type(`severity ${id} P2 because it is the test account`)).body?.text).toMatch(
      /^Done\. INC-.*: P2/,
    );
    expect((await ada.type(`severity ${id} release`)).body?.text).toMatch(/^Done/);
    expect((await ada.type(`update ${id} rolling forward &lt;soon&gt;`)).body?.text).toMatch(/^Done/);
    expect((await ada.type(`fix ${id} 9`)).body?.text).toContain('Not done');
    expect((await ada.type(`approve ${id}`)).body?.text).toContain('no rollback awaits approval');
    expect((await ada.type(`publish ${id}`)).body?.text).toContain('nothing awaits publication');
    const { items } = await get<{ items: { type: string; data: object }[] }>(`/incidents/${id}/timeline`);
    expect(items.filter(({ type }) => type === 'severity-overridden').map(({ data }) => data)).toContainEqual({
      severity: 'P2',
      by: 'ada',
      via: 'slack',
      because: 'it is the test account',
    });
    expect(textOf(items)).toContain('rolling forward <soon>');
  });

  test('needs no id where only one incident is open', async () => {
    const workspace = { slack, url: firebreak.url, signingSecret: SECRET, channel: 'C2' };
    const elsewhere = new SlackUser(workspace, { id: 'UADA01', name: 'ada.l' });
    expect((await elsewhere.type('ack')).body?.text).toContain('say which one is meant');
    await incident('checkout');
    await incident('login');
    expect((await ada.type('ack')).body?.text).toContain('Several incidents are open');
  });
});

describe('in time, whatever the store does', () => {
  let holder: Client;

  beforeEach(async () => {
    holder = new Client(database.connection);
    await holder.connect();
    await holder.query('begin');
  });
  afterEach(() => holder.end());

  test('an incident that somebody holds: answered, kept, and done when it is free', async () => {
    const { id } = await incident('checkout');
    await holder.query('select from incidents where id = $1 for update', [id]);
    const reaction = await ada.type(`note ${id} written while it was locked`);
    expect(reaction.status).toBe(200);
    expect(reaction.ms).toBeLessThan(SLACK_WAITS_MS);
    expect(reaction.body?.text).toMatch(/^Taken/);
    await holder.query('rollback');
    expect(await later(reaction)).toContain('Done.');
    const { items } = await get<{ items: { text: string }[] }>(`/incidents/${id}/timeline`);
    expect(items.filter(({ text }) => text === 'Note by ada: written while it was locked')).toHaveLength(1);
  });

  test('a button in that time is done once, however often it comes', async () => {
    const { id, message: posted } = await incident('search');
    await holder.query('select from incidents where id = $1 for update', [id]);
    const doing = { triggerId: slack.giveTrigger() };
    const reactions = await Promise.all([1, 2, 3].map(() => ada.press(posted, 'command', null, doing)));
    for (const { status, ms } of reactions) {
      expect(status).toBe(200);
      expect(ms).toBeLessThan(SLACK_WAITS_MS);
    }
    await holder.query('rollback');
    await eventually(
      () => incidentOf(id),
      ({ commander }) => commander === 'ada',
    );
    expect((await typesOf(id)).filter((type) => type === 'commander-taken')).toHaveLength(1);
  });

  test('a crowd that presses at a held incident keeps nobody else waiting', async () => {
    const { id } = await incident('login');
    await holder.query('select from incidents where id = $1 for update', [id]);
    const crowd = await Promise.all(Array.from({ length: 40 }, (_, i) => ada.type(`note ${id} number ${i}`)));
    for (const { status, ms } of crowd) {
      expect(status).toBe(200);
      expect(ms).toBeLessThan(SLACK_WAITS_MS);
    }
    const list = await eve.type('list');
    expect(list.ms).toBeLessThan(SLACK_WAITS_MS);
    expect(list.body?.text).toContain(id);
    await holder.query('rollback');
    const kept = crowd.filter(({ body }) => body?.text?.startsWith('Taken')).length;
    expect(kept).toBeGreaterThan(0);
    await eventually(
      async () => (await typesOf(id)).filter((type) => type === 'note-added').length,
      (notes) => notes === kept,
      60_000,
    );
  }, 90_000);

  test('a store that takes nothing: said so in time, and nothing is done later', async () => {
    const { id } = await incident('checkout');
    await holder.query('lock table seen_notices, jobs.job in access exclusive mode');
    const command = await ada.type(`note ${id} into nothing`);
    expect(command.ms).toBeLessThan(SLACK_WAITS_MS);
    expect(command.body?.text).toContain('nothing was done');
    await holder.query('rollback');
    expect((await ada.type(`note ${id} after it`)).body?.text).toMatch(/^Done/);
    expect(textOf(await get(`/incidents/${id}/timeline`))).not.toContain('into nothing');
  });

  test('a list that cannot be read', async () => {
    await holder.query('lock table incidents in access exclusive mode');
    const list = await eve.type('list');
    expect(list.ms).toBeLessThan(SLACK_WAITS_MS);
    expect(list.body?.text).toContain('cannot read its store');
  });
});
