import { classifyHttp } from '../../src/clients/http.ts';
import type { Channel, Delivery } from '../../src/notify/ports.ts';
import { createSlack, type SlackOptions } from '../../src/notify/slack/index.ts';
import type { EffectIntent } from '../../src/domain/view.ts';
import { offersOf } from '../../src/domain/incident/offers.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import { elementsOf } from '../fakes/slack-user.ts';
import { opened } from '../unit/support/incident.ts';
import { startSlack, type FakeMessage, type FakeSlack } from '../fakes/slack.ts';

const TOKEN = 'xoxb-test-token';
let slack: FakeSlack;
let channel: Channel;

const channelWith = (options: Partial<SlackOptions> = {}): Channel =>
  createSlack({
    token: () => TOKEN,
    channelFor: () => 'C1',
    interactive: true,
    clock: { now: () => 0 },
    sleep: () => Promise.reject(new Error('nothing to wait for')),
    intervalMs: 0,
    channelOf: (audience) => (audience === 'stakeholders' ? 'C2' : null),
    apiUrl: slack.url,
    timeoutMs: 5_000,
    classify: classifyHttp,
    ...options,
  });

beforeEach(async () => {
  slack = await startSlack({ token: TOKEN, channels: { C1: 'incidents', C2: 'stakeholders' }, pageSize: 3 });
  channel = channelWith();
});
afterEach(() => slack.stop());

const messages = (): FakeMessage[] => slack.channels.get('C1')!;
const shown = (message: FakeMessage | undefined): string => JSON.stringify(message!.blocks);
const calls = (): string[] => slack.requests.map((r) => r.path.replace('/api/', ''));
const announce = (changes: Parameters<typeof context>[0] = {}): Promise<Delivery> =>
  channel.deliver(effect('slack', 'announce'), context(changes));
const announced = async () => {
  const delivery = await announce();
  if (delivery.kind !== 'delivered') throw new Error(JSON.stringify(delivery));
  return { announce: delivery.receipt };
};

describe('announce', () => {
  test('posts the state of the incident and remembers where', async () => {
    const delivery = await announce();
    expect(delivery).toEqual({ kind: 'delivered', receipt: { channel: 'C1', ts: messages()[0]!.ts } });
    expect(messages()[0]).toMatchObject({
      text:
        'P1 on checkout (production): Error rate of checkout is 40 %: ' +
        'P1 on checkout. Rolling back checkout from r42 to r41. Estimated 4 minutes.',
      metadata: {
        event_type: 'firebreak_effect',
        event_payload: { effect_id: 'INC-20261123-151300:7:slack:announce', incident_id: 'INC-20261123-151300' },
      },
    });
    const blocks = shown(messages()[0]);
    for (const part of [
      '*P1 on checkout (production)*',
      '12 of 14 firing',
      'Acknowledged: not yet',
      '31 % of users',
      'from r42 to r41, starting',
      '<https://runbooks.example.com/checkout|Runbook>',
      'g0.expr=errors&amp;g0.tab=1|Source>',
    ]) {
      expect(blocks).toContain(part);
    }
  });

  test('asks for no previews and no links of its own making', async () => {
    await announce();
    const form = Object.fromEntries(new URLSearchParams(slack.requests[0]!.raw));
    expect(form).toMatchObject({ unfurl_links: 'false', unfurl_media: 'false', parse: 'none', link_names: 'false' });
    expect(form['blocks']).toContain('"verbatim":true');
  });

  test('pings nobody, whatever the alert says', async () => {
    const nasty = '<!channel> <@U1> <!here|x> &lt;!everyone&gt; <!subteam^S1>';
    const links = [
      { text: 'x|<!channel>', href: 'https://example.com/|<!here>' },
      { text: nasty, href: `javascript:${nasty}` },
    ];
    const all = {
      title: nasty,
      service: nasty,
      environment: nasty,
      because: nasty,
      rollback: nasty,
      acknowledgedBy: nasty,
    };
    const bad = incident({ ...all, id: nasty, links, facts: { [nasty]: nasty, nested: { a: nasty } } });
    const receipts = await announced();
    for (const kind of ['announce', 'refresh', 'thread']) {
      await channel.deliver(effect('slack', kind, { message: nasty }), context({ incident: bad, receipts }));
    }
    expect(messages()).toHaveLength(3);
    expect(slack.pings).toEqual([]);
    expect(shown(messages()[1])).toContain('&lt;!channel&gt;');
  });

  test('is shortened rather than refused when there is too much', async () => {
    const long = '<&💥'.repeat(20_000);
    const links = Array.from({ length: 300 }, (_, i) => ({ text: long, href: `https://example.com/${i}` }));
    const facts = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}${long}`, long]));
    const huge = incident({ title: long, service: long, because: long, rollback: long, links, facts });
    const delivery = await channel.deliver(effect('slack', 'announce', { message: long }), context({ incident: huge }));
    expect(delivery.kind).toBe('delivered');
  });

  test('of an incident that knows nothing is still a message', async () => {
    const bare = { title: '', service: null, environment: null, rollback: null, because: '', links: [], facts: {} };
    const delivery = await channel.deliver(
      effect('slack', 'announce', { message: '' }),
      context({ incident: incident(bare) }),
    );
    expect(delivery.kind).toBe('delivered');
    expect(messages()[0]!.text).toBe('P1 on unknown service');
  });

  test('takes the id of a channel that was named', async () => {
    channel = channelWith({ channelFor: () => '#incidents' });
    expect(await announce()).toMatchObject({ kind: 'delivered', receipt: { channel: 'C1' } });
  });

  test('without a channel is skipped', async () => {
    channel = channelWith({ channelFor: () => null });
    expect(await announce()).toMatchObject({ kind: 'skipped' });
  });
});

describe('after an ambiguous outcome', () => {
  test('finds what was posted instead of posting again, however far back', async () => {
    slack.misbehave({ mode: 'drop-after-apply' });
    expect(await announce()).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    for (let i = 0; i < 7; i += 1) await channel.deliver(effect('slack', 'announce', { id: `other ${i}` }), context());
    expect(await announce({ ambiguous: true })).toEqual({
      kind: 'delivered',
      receipt: { channel: 'C1', ts: messages()[0]!.ts },
    });
    expect(messages()).toHaveLength(8);
  });

  test('posts when nothing is there', async () => {
    slack.misbehave({ mode: 'reset' });
    await announce();
    expect(await announce({ ambiguous: true })).toMatchObject({ kind: 'delivered' });
    expect(messages()).toHaveLength(1);
    expect(calls()).toEqual(['chat.postMessage', 'conversations.history', 'chat.postMessage']);
  });

  test('finds a line in its thread', async () => {
    const receipts = await announced();
    slack.misbehave({ mode: 'drop-after-apply' });
    const line = effect('slack', 'thread', { message: 'Recovered.' });
    await channel.deliver(line, context({ receipts }));
    const delivery = await channel.deliver(line, context({ receipts, ambiguous: true }));
    expect(delivery).toEqual({ kind: 'delivered', receipt: { channel: 'C1', ts: messages()[1]!.ts } });
    expect(messages()).toHaveLength(2);
  });

  test('waits when it cannot look now', async () => {
    slack.misbehave({ mode: 'status', status: 503, path: 'conversations.history' });
    expect(await announce({ ambiguous: true })).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    expect(messages()).toHaveLength(0);
  });

  test('posts when it may never look: twice is better than not at all', async () => {
    slack.sayNo('conversations.history', 'missing_scope');
    expect(await announce({ ambiguous: true })).toMatchObject({ kind: 'delivered' });
    expect(messages()).toHaveLength(1);
  });
});

describe('refresh', () => {
  test('shows the state of now in the message of then', async () => {
    const receipts = await announced();
    const now = incident({ status: 'mitigated', acknowledgedBy: 'ada', firing: 0, severity: 'P0' });
    const delivery = await channel.deliver(
      effect('slack', 'refresh', { message: '' }),
      context({ incident: now, receipts }),
    );
    expect(delivery).toEqual({ kind: 'delivered', receipt: receipts.announce });
    const [message] = messages();
    expect(message).toMatchObject({
      edits: 1,
      metadata: { event_payload: { effect_id: expect.stringContaining('announce') } },
    });
    for (const part of ['*P0 on checkout', 'Status: mitigated', 'Acknowledged: by ada', '0 of 14 firing']) {
      expect(shown(message)).toContain(part);
    }
  });

  test('without a message is skipped', async () => {
    expect(await channel.deliver(effect('slack', 'refresh'), context())).toMatchObject({ kind: 'skipped' });
    expect(calls()).toEqual([]);
  });

  test('of a message that somebody deleted is rejected', async () => {
    const receipts = await announced();
    messages().length = 0;
    const delivery = await channel.deliver(effect('slack', 'refresh'), context({ receipts }));
    expect(delivery).toEqual({ kind: 'failed', failure: { kind: 'rejected', message: 'Slack: message_not_found' } });
  });
});

describe('thread', () => {
  test('adds a line under the message', async () => {
    const receipts = await announced();
    await channel.deliver(effect('slack', 'thread', { message: 'Recovered after 2 min 38 s.' }), context({ receipts }));
    expect(messages()[1]).toMatchObject({
      text: 'Recovered after 2 min 38 s.',
      threadTs: messages()[0]!.ts,
      metadata: { event_payload: { effect_id: 'INC-20261123-151300:7:slack:thread' } },
    });
  });

  test('without a message stands in the channel and names its incident', async () => {
    await channel.deliver(effect('slack', 'thread', { message: 'Recovered.' }), context());
    expect(messages()[0]).toMatchObject({
      threadTs: null,
      text: expect.stringMatching(/^INC-20261123-151300, P1 on checkout.*Recovered\.$/),
    });
  });
});

describe('what the message says beside', () => {
  test('who commands, which clocks run, what is in the way, and what changes how it is to be read', async () => {
    const now = incident({
      commander: 'ada',
      clocks: [
        { name: 'acknowledge', deadline: '2026-11-23T15:23:00.000Z', state: 'breached' },
        { name: 'restore', deadline: '2026-11-23T15:43:00.000Z', state: 'running' },
      ],
      blockers: ['no access to <the> vault', 'x'.repeat(5_000), ...Array.from({ length: 30 }, (_, i) => `more ${i}`)],
      quiet: 'Silenced: <!channel> planned work',
      recurrence: '3rd time in 60 days',
      linkedTo: 'INC-20261123-151200',
      storm: 'Storm: 14 incidents',
      voided: 'Dismissed as a false alarm by ada: a test',
    });
    await announce({ incident: now });
    const blocks = shown(messages()[0]);
    for (const part of [
      'Commander: ada',
      'acknowledge BREACHED, was due 2026-11-23T15:23:00.000Z; restore until 2026-11-23T15:43:00.000Z',
      'no access to &lt;the&gt; vault',
      'and 22 more',
      'Quiet: Silenced: &lt;!channel&gt; planned work',
      '3rd time in 60 days',
      'Linked to INC-20261123-151200',
      'Storm: 14 incidents',
      'Dismissed as a false alarm by ada',
    ]) {
      expect(blocks).toContain(part);
    }
    expect(slack.pings).toEqual([]);
  });

  test('what can be pressed, where Slack can tell us of it', async () => {
    const offers = offersOf(opened('P1').must);
    await announce({ offers });
    expect([...elementsOf(messages()[0]!.blocks).keys()]).toContain('acknowledge');
    channel = channelWith({ interactive: false });
    await announce({ offers });
    expect([...elementsOf(messages()[1]!.blocks).keys()]).toEqual([]);
  });
});

describe('post', () => {
  const post = (data: EffectIntent['data'], message = 'P1 on checkout.'): Promise<Delivery> =>
    channel.deliver(effect('slack', 'post', { data, message }), context());

  test.each([
    ['where it is told to', { channel: 'C1' }, 'C1'],
    ['where an audience reads', { audience: 'stakeholders' }, 'C2'],
    ["where the incident's message is", {}, 'C1'],
  ])('%s, a message of its own that names its incident', async (_, data, where) => {
    expect(await post(data)).toMatchObject({ kind: 'delivered', receipt: { channel: where } });
    expect(slack.channels.get(where)![0]).toMatchObject({
      threadTs: null,
      text: expect.stringContaining('INC-20261123-151300, P1 on checkout'),
      metadata: { event_payload: { effect_id: 'INC-20261123-151300:7:slack:post' } },
    });
    const blocks = shown(slack.channels.get(where)![0]);
    expect(blocks).toContain('<https://runbooks.example.com/checkout|Runbook>');
    expect(blocks).toContain('|Source>');
  });

  test('to an audience without a channel is skipped', async () => {
    expect(await post({ audience: 'customers' })).toMatchObject({ kind: 'skipped' });
    expect(calls()).toEqual([]);
  });

  test('text of people pings nobody and is shortened', async () => {
    expect(await post({}, `<!here> @channel \u202e\0${'&💥'.repeat(60_000)}`)).toMatchObject({ kind: 'delivered' });
    expect(slack.pings).toEqual([]);
    expect(shown(messages()[0])).not.toMatch(/\u202e|\\u0000/);
  });
});

describe('pace', () => {
  const paced = () => {
    const clock = {
      at: 0,
      now(): number {
        return this.at;
      },
    };
    const sleep = async (milliseconds: number): Promise<void> => {
      await Promise.resolve();
      clock.at += milliseconds;
    };
    channel = channelWith({ clock, sleep, intervalMs: 1_000 });
    return clock;
  };

  test('a second from one message of a channel to the next', async () => {
    const clock = paced();
    await Promise.all([announce(), announce(), announce()]);
    expect(messages()).toHaveLength(3);
    expect(clock.at).toBe(2_000);
  });

  test('what Slack asks to wait holds what comes after, and nothing is posted meanwhile', async () => {
    paced();
    slack.misbehave({ mode: 'status', status: 429, retryAfter: 30, body: { ok: false, error: 'ratelimited' } });
    expect(await announce()).toMatchObject({ failure: { kind: 'rate-limited', retryAfterMs: 30_000 } });
    expect(await announce()).toMatchObject({ failure: { kind: 'rate-limited', retryAfterMs: 30_000 } });
    expect(slack.requests).toHaveLength(1);
  });
});

describe('failures', () => {
  test.each([
    ['invalid_auth', 'unauthorized'],
    ['missing_scope', 'unauthorized'],
    ['not_in_channel', 'rejected'],
    ['channel_not_found', 'rejected'],
    ['ratelimited', 'rate-limited'],
    ['service_unavailable', 'server'],
    ['internal_error', 'ambiguous'],
  ])('%s is %s', async (error, kind) => {
    slack.sayNo('chat.postMessage', error);
    expect(await announce()).toEqual({ kind: 'failed', failure: { kind, message: `Slack: ${error}` } });
    expect(slack.requests).toHaveLength(1);
  });

  test('a token that is not right is unauthorized and not shown', async () => {
    channel = channelWith({ token: () => 'xoxb-wrong' });
    const delivery = await announce();
    expect(delivery).toEqual({ kind: 'failed', failure: { kind: 'unauthorized', message: 'Slack: invalid_auth' } });
  });

  test('too fast for a channel: says how long to wait, and does not try by itself', async () => {
    await slack.stop();
    slack = await startSlack({ token: TOKEN, channels: { C1: 'incidents' }, postsPerSecond: 1 });
    channel = channelWith();
    await announce();
    expect(await announce()).toMatchObject({ failure: { kind: 'rate-limited', retryAfterMs: 1_000 } });
    expect(slack.requests).toHaveLength(2);
  });

  test('a 429 without a wait is rate-limited too', async () => {
    slack.misbehave({ mode: 'status', status: 429 });
    expect(await announce()).toMatchObject({ failure: { kind: 'rate-limited' } });
  });

  test.each([
    [500, 'server'],
    [403, 'unauthorized'],
  ])('HTTP %i is %s, after one request', async (status, kind) => {
    slack.misbehave({ mode: 'status', status, body: 'oops' });
    expect(await announce()).toMatchObject({ failure: { kind } });
    expect(slack.requests).toHaveLength(1);
  });

  test("a proxy's page is ambiguous", async () => {
    slack.misbehave({ mode: 'status', status: 200, body: '<html>Sign in</html>' });
    expect(await announce()).toMatchObject({ failure: { kind: 'ambiguous' } });
  });

  test('no answer in time and a cut connection are ambiguous', async () => {
    slack.misbehave({ mode: 'reset' });
    expect(await announce()).toMatchObject({ failure: { kind: 'ambiguous' } });
    slack.misbehave({ mode: 'timeout' });
    channel = channelWith({ timeoutMs: 200 });
    expect(await announce()).toMatchObject({
      failure: { kind: 'ambiguous', message: 'Slack: no complete answer in time' },
    });
  });

  test('a caller who gives up ends it', async () => {
    slack.misbehave({ mode: 'timeout' });
    channel = channelWith({ timeoutMs: 300_000 });
    const waiting = new AbortController();
    const delivery = announce({ signal: waiting.signal });
    waiting.abort();
    expect(await delivery).toMatchObject({ failure: { kind: 'ambiguous' } });
  });

  test('a connection that is refused never arrived', async () => {
    await slack.stop();
    expect(await announce()).toMatchObject({ failure: { kind: 'unreachable' } });
    slack = await startSlack({ token: TOKEN, channels: {} });
  });
});
