import { createEmail, type EmailOptions } from '../../src/notify/email/index.ts';
import type { Channel, Delivery } from '../../src/notify/ports.ts';
import { trust } from '../fakes/certificate.ts';
import { context, effect, incident } from '../fakes/effects.ts';
import { startSmtp, type FakeSmtp, type FakeSmtpOptions, type ReceivedMail } from '../fakes/smtp.ts';

const NOW = Date.UTC(2026, 10, 23, 15, 13);
const TEAM = ['ops@example.com', 'oncall@example.com'];
const THREAD = /^<INC-20261123-151300\.team\.[0-9a-f]{16}@example\.com>$/;

let smtp: FakeSmtp;
let channel: Channel;

const channelWith = (options: Partial<EmailOptions> = {}): Channel =>
  createEmail({
    smtpUrl: () => smtp.url,
    from: 'Firebreak <firebreak@example.com>',
    recipientsOf: (audience) => (audience === 'team' ? TEAM : []),
    templateFor: () => null,
    clock: { now: () => NOW },
    timeoutMs: 5_000,
    ...options,
  });

const restart = async (options: FakeSmtpOptions): Promise<void> => {
  await smtp.stop();
  smtp = await startSmtp(options);
};

beforeEach(async () => {
  smtp = await startSmtp();
  channel = channelWith();
});
afterEach(() => smtp.stop());

type Given = Parameters<typeof effect>[2] & { readonly kind?: string };

const send = (
  { kind = 'opened', ...given }: Given = {},
  around: Parameters<typeof context>[0] = {},
): Promise<Delivery> =>
  channel.deliver(effect('email', kind, { data: { audience: 'team' }, ...given }), context(around));

const onlyMail = (): ReceivedMail => {
  expect(smtp.mails).toHaveLength(1);
  return smtp.mails[0]!;
};
const headerOf = (mail: ReceivedMail, name: string): string =>
  mail.parsed.headerLines
    .filter(({ key }) => key === name)
    .map(({ line }) => line.slice(name.length + 2))
    .join('\n');

describe('a mail', () => {
  test('says what a responder needs, as text and as HTML', async () => {
    expect(await send({ message: 'Checkout fails.\n\nWe are rolling back.' })).toEqual({
      kind: 'delivered',
      receipt: {
        messageId: expect.stringMatching(/^<INC-20261123-151300\.7\.email\.opened\.[0-9a-f]{16}@example\.com>$/),
        accepted: 2,
      },
    });
    const { parsed, to, from } = onlyMail();
    expect({ to, from, subject: parsed.subject }).toEqual({
      to: TEAM,
      from: 'firebreak@example.com',
      subject: '[P1] checkout: Error rate of checkout is 40 % (INC-20261123-151300)',
    });
    for (const part of [
      'P1 on checkout (production)',
      'Error rate of checkout is 40 %',
      'Checkout fails.',
      'We are rolling back.',
      'P1: a major function is broken for 31 % of users',
      '12 of 14 firing',
      'not yet',
      'checkout from r42 to r41, starting',
      'users.affected: 0.31',
      'https://runbooks.example.com/checkout',
      'INC-20261123-151300',
    ]) {
      expect(parsed.text).toContain(part);
      expect(parsed.html).toContain(part);
    }
    expect(parsed.text).toContain('Status: open');
    expect(parsed.html).toContain('href="https://prometheus.example.com/graph?g0.expr=errors&amp;g0.tab=1"');
  });

  test('has the headers of an automatic mail, and the time of the clock', async () => {
    await send();
    const mail = onlyMail();
    expect(mail.parsed.date).toEqual(new Date(NOW));
    expect(headerOf(mail, 'auto-submitted')).toBe('auto-generated');
    expect(headerOf(mail, 'x-firebreak-incident')).toBe('INC-20261123-151300');
    expect(headerOf(mail, 'from')).toBe('Firebreak <firebreak@example.com>');
    expect(headerOf(mail, 'to')).toBe('ops@example.com, oncall@example.com');
  });

  test('stands in the thread of its incident and audience, with the same subject whatever is said', async () => {
    const titled = { incident: incident({ status: 'mitigated', firing: 0, acknowledgedBy: 'ada' }) };
    await send();
    await send({ kind: 'update', id: 'INC-20261123-151300:9:email:update', message: 'Still at it.' });
    await send({ kind: 'resolved', id: 'INC-20261123-151300:12:email:resolved' }, titled);
    const [first, second, third] = smtp.mails.map(({ parsed }) => parsed);
    expect(first?.references).toMatch(THREAD);
    expect([second, third].map((m) => m?.references)).toEqual([first?.references, first?.references]);
    expect([first, second, third].map((m) => m?.inReplyTo)).toEqual([1, 2, 3].map(() => expect.stringMatching(THREAD)));
    expect(new Set(smtp.mails.map(({ parsed }) => parsed.subject)).size).toBe(1);
    expect(new Set(smtp.mails.map(({ parsed }) => parsed.messageId)).size).toBe(3);
  });

  test('of another audience stands in another thread', async () => {
    channel = channelWith({ recipientsOf: () => TEAM });
    await send();
    await send({ data: { audience: 'stakeholders' } });
    expect(smtp.mails[0]!.parsed.references).not.toEqual(smtp.mails[1]!.parsed.references);
  });

  test('of a kind that nobody thought of is sent all the same', async () => {
    expect(await send({ kind: 'anniversary' })).toMatchObject({ kind: 'delivered' });
  });

  test('of a drill says so in the subject and at the top', async () => {
    const drill = incident({ drill: true, title: 'DRILL: Error rate of checkout is 40 %' });
    await send({ message: 'DRILL: rolling back' }, { incident: drill });
    await send({ data: { audience: 'team', subject: 'Are you there?' } }, { incident: drill });
    const [mail, named] = smtp.mails.map(({ parsed }) => parsed);
    expect(mail?.subject).toBe('DRILL: [P1] checkout: Error rate of checkout is 40 % (INC-20261123-151300)');
    expect(mail?.text).toMatch(/^DRILL, nothing is broken: P1 on checkout/);
    expect(named?.subject).toBe('DRILL: Are you there?');
  });

  test('shows what stands in the way, what is due, and why it is quiet', async () => {
    const state = incident({
      commander: 'ada',
      blockers: ['the vendor does not answer', 'no staging'],
      clocks: [
        { name: 'restore', deadline: '2026-11-23T15:43:00Z', state: 'running' },
        { name: 'acknowledge', deadline: '2026-11-23T15:23:00Z', state: 'breached' },
      ],
      recurrence: 'third time in 60 days',
      storm: '12 incidents',
      linkedTo: 'INC-20261123-151200',
      quiet: 'Silenced: planned work',
      voided: 'Merged into INC-20261123-151200',
    });
    await send({}, { incident: state });
    const { text, html } = onlyMail().parsed;
    for (const part of [
      'ada',
      'the vendor does not answer; no staging',
      'restore due 2026-11-23T15:43:00Z; acknowledge breached, was due 2026-11-23T15:23:00Z',
      'third time in 60 days',
      '12 incidents',
      'Silenced: planned work',
      'Merged into INC-20261123-151200',
    ]) {
      expect(text).toContain(part);
      expect(html).toContain(part);
    }
  });

  test('of an incident that knows nothing is still a mail', async () => {
    const bare = { title: '', service: null, environment: null, rollback: null, because: '', links: [], facts: {} };
    expect(await send({ message: '' }, { incident: incident(bare) })).toMatchObject({ kind: 'delivered' });
    expect(onlyMail().parsed.subject).toBe('[P1] unknown service: no title (INC-20261123-151300)');
  });
});

describe('text from strangers', () => {
  test('forges no header, no recipient and no subject line', async () => {
    const nasty = 'x\r\nBcc: eve@example.com\r\n\r\n<b>owned</b>\u0000';
    const all = { title: nasty, service: nasty, environment: nasty, because: nasty, acknowledgedBy: nasty };
    const bad = incident({ ...all, rollback: nasty, id: nasty, facts: { [nasty]: nasty } });
    await send({ id: nasty, message: nasty, data: { audience: 'team', subject: nasty } }, { incident: bad });
    await send({ id: nasty, message: nasty }, { incident: bad });
    for (const { to, parsed } of smtp.mails) {
      expect(to).toEqual(TEAM);
      expect(parsed.bcc).toBeUndefined();
      expect(parsed.headers.has('bcc')).toBe(false);
      expect(parsed.subject).not.toMatch(/[\p{Cc}]/u);
    }
    expect(smtp.mails).toHaveLength(2);
  });

  test('is shown as text: markup is escaped, marks that reorder are gone, emoji stay', async () => {
    const nasty = '<script>alert(1)</script> "\u202eevil\u202c" & 💥';
    await send({ message: nasty }, { incident: incident({ title: nasty, because: nasty, rollback: nasty }) });
    const { html, text } = onlyMail().parsed;
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &quot;evil&quot; &amp; 💥');
    expect(text).toContain('<script>alert(1)</script> "evil" & 💥');
    expect(html).not.toContain('\u202e');
  });

  test('links only to web addresses', async () => {
    const links = [
      { text: 'x', href: 'javascript:alert(1)' },
      { text: '"><img src=x>', href: 'https://example.com/?a="><script>' },
      { text: 'y', href: 'https://user:secret@example.com/' },
    ];
    await send({}, { incident: incident({ links }) });
    const { html, text } = onlyMail().parsed;
    expect(html).not.toMatch(/javascript:|<img|<script|secret/);
    expect(text).not.toMatch(/javascript:|secret/);
    expect(html).toContain('https://example.com/?a=%22%3E%3Cscript%3E');
  });

  test('of any length is shortened and never costs the mail', async () => {
    const long = `a${'💥<&'.repeat(40_000)}`;
    const facts = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}${long}`, long]));
    const links = Array.from({ length: 300 }, (_, i) => ({ text: long, href: `https://example.com/${i}` }));
    const huge = incident({ title: long, service: long, because: long, rollback: long, links, facts });
    expect(await send({ message: long }, { incident: huge })).toMatchObject({ kind: 'delivered' });
    const { raw, parsed } = onlyMail();
    expect(raw.length).toBeLessThan(2_000_000);
    expect(parsed.subject).toMatch(/^\[P1\] a(💥|<|&)+….*\(INC-20261123-151300\)$/u);
    expect(parsed.text).toContain('and 280 more');
  });
});

describe('recipients', () => {
  test('are those that the effect names, each once', async () => {
    await send({ data: { audience: 'person', to: ['ada@example.com', 'ada@example.com ', 'bob@example.com'] } });
    expect(onlyMail().to).toEqual(['ada@example.com', 'bob@example.com']);
  });

  test('that are no addresses are left out and named in the receipt', async () => {
    const bad = ['ada@example.com\r\nRCPT TO:<eve@example.com>', 'a@b, eve@example.com', 'nobody', '', 7];
    const delivery = await send({ data: { audience: 'person', to: [...bad, 'bob@example.com'] } });
    expect(onlyMail().to).toEqual(['bob@example.com']);
    expect(delivery).toMatchObject({
      receipt: { accepted: 1, refused: expect.arrayContaining([{ to: 'nobody', because: 'not an e-mail address' }]) },
    });
  });

  test('of whom none is an address are a fault that somebody must see', async () => {
    expect(await send({ data: { audience: 'person', to: ['nobody'] } })).toEqual({
      kind: 'failed',
      failure: { kind: 'rejected', message: 'e-mail: no address to send to: "nobody"' },
    });
  });

  test('that nobody configured: skipped, with the reason', async () => {
    expect(await send({ data: { audience: 'stakeholders' } })).toEqual({
      kind: 'skipped',
      because: 'no e-mail address is configured for the audience stakeholders',
    });
    expect(smtp.dialogues).toBe(0);
  });

  test('of whom the server refuses some: the others have it, and the receipt names who was refused', async () => {
    smtp.misbehave({ at: 'recipient', how: 'refuse', to: TEAM[0]!, code: 550, message: 'no such user' });
    expect(await send()).toMatchObject({
      kind: 'delivered',
      receipt: { accepted: 1, refused: [{ to: TEAM[0], because: '550 no such user' }] },
    });
    expect(onlyMail().to).toEqual([TEAM[1]]);
  });
});

describe('customers', () => {
  const toCustomers = (around: Parameters<typeof context>[0] = {}): Promise<Delivery> => {
    channel = channelWith({ recipientsOf: () => ['c1@example.net', 'c2@example.net'] });
    return send({ message: 'Paying may fail.', data: { audience: 'customers' } }, around);
  };

  test('read what was written for them and nothing internal', async () => {
    await toCustomers();
    const { parsed } = onlyMail();
    expect(parsed.subject).toBe('Problems with checkout (INC-20261123-151300)');
    for (const body of [parsed.text, parsed.html]) {
      expect(body).toContain('Paying may fail.');
      expect(body).not.toMatch(/P1|40 %|31 %|r42|runbooks|prometheus|production|Firebreak/);
    }
  });

  test('do not learn of each other', async () => {
    await toCustomers();
    const mail = onlyMail();
    expect(mail.to).toEqual(['c1@example.net', 'c2@example.net']);
    expect(mail.raw).not.toContain('example.net');
  });

  test('hear of no drill', async () => {
    const drill = incident({ drill: true });
    expect(await toCustomers({ incident: drill })).toEqual({
      kind: 'skipped',
      because: 'a drill is not told to customers',
    });
  });
});

test('a template stands in place of the message, and what fills it is data', async () => {
  const asked: string[] = [];
  channel = channelWith({
    templateFor: (audience, kind) => {
      asked.push(`${audience} ${kind}`);
      return kind === 'update'
        ? '{severity} on {service}/{environment}, {status}: {message}\n\n{ rollback } {id} {title}'
        : null;
    },
  });
  await send({ kind: 'anniversary', message: 'See {title} <b>' }, { incident: incident({ title: '{id}$&' }) });
  const { text, html } = onlyMail().parsed;
  expect(asked).toEqual(['team update']);
  expect(text).toContain('P1 on checkout/production, open: See {title} <b>');
  expect(text).toContain('checkout from r42 to r41, starting INC-20261123-151300 {id}$&');
  expect(html).toContain('See {title} &lt;b&gt;');
});

describe('the connection', () => {
  test('logs in', async () => {
    await restart({ auth: { user: 'ops@example.com', pass: 'p@ss:w/rd' } });
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(onlyMail()).toMatchObject({ user: 'ops@example.com', encrypted: false });
  });

  test('smtps is encrypted from the start', async () => {
    await restart({ secure: true, auth: { user: 'u', pass: 'p' } });
    const distrust = trust(smtp.cert);
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(onlyMail().encrypted).toBe(true);
    distrust();
  });

  test('smtp is encrypted where the server offers it', async () => {
    await restart({ startTls: true });
    const distrust = trust(smtp.cert);
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(onlyMail().encrypted).toBe(true);
    distrust();
  });

  test('a certificate that nobody vouches for gets no mail, unless the URL says so', async () => {
    await restart({ secure: true });
    expect(await send()).toMatchObject({ failure: { kind: 'unreachable' } });
    expect(smtp.mails).toEqual([]);
    channel = channelWith({
      smtpUrl: () => `${smtp.url}?tls.rejectUnauthorized=false&connectionTimeout=1&logger=true`,
    });
    expect(await send()).toMatchObject({ kind: 'delivered' });
  });

  test('a wrong password is unauthorized, and is not shown', async () => {
    await restart({ auth: { user: 'u', pass: 'right' } });
    channel = channelWith({ smtpUrl: () => smtp.url.replace('right', 'wr0ng-one') });
    const delivery = await send();
    expect(delivery).toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
    expect(JSON.stringify(delivery)).not.toContain('wr0ng-one');
    expect(smtp.mails).toEqual([]);
  });

  test('a server that wants a login, and has none configured, is unauthorized', async () => {
    await restart({ auth: { user: 'u', pass: 'p' } });
    channel = channelWith({ smtpUrl: () => smtp.url.replace('u:p@', '') });
    expect(await send()).toMatchObject({ failure: { kind: 'unauthorized' } });
  });

  test('an address that is none is rejected', async () => {
    channel = channelWith({ smtpUrl: () => 'nonsense' });
    expect(await send()).toMatchObject({ failure: { kind: 'rejected' } });
  });
});

describe('what the server answers', () => {
  test.each([
    ['greeting', 421, 'too many connections', 'rate-limited'],
    ['greeting', 554, 'no service for you', 'rejected'],
    ['login', 454, 'the directory is away', 'server'],
    ['sender', 451, 'try again later', 'server'],
    ['sender', 450, '4.7.1 greylisted', 'rate-limited'],
    ['sender', 553, 'not your address', 'rejected'],
    ['recipient', 452, 'too many recipients', 'rate-limited'],
    ['recipient', 450, 'mailbox busy', 'server'],
    ['recipient', 550, 'no such user', 'rejected'],
    ['message', 451, 'local error', 'server'],
    ['message', 554, 'it looks like spam', 'rejected'],
    ['message', 535, '5.7.8 log in first', 'unauthorized'],
  ] as const)('%s %i %s is %s', async (at, code, message, kind) => {
    await restart({ auth: { user: 'u', pass: 'p' } });
    smtp.misbehave({ at, how: 'refuse', code, message, times: 2 });
    const delivery = await send();
    expect(delivery).toMatchObject({ kind: 'failed', failure: { kind, message: expect.stringContaining(message) } });
    expect(smtp.mails).toEqual([]);
  });

  test.each(['greeting', 'login', 'sender', 'recipient'] as const)(
    'cut off or no SMTP at the %s: nothing arrived',
    async (at) => {
      await restart({ auth: { user: 'u', pass: 'p' } });
      for (const how of ['cut', 'garbage'] as const) {
        smtp.misbehave({ at, how });
        expect(await send()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
      }
      expect(smtp.mails).toEqual([]);
    },
  );

  test.each(['greeting', 'sender', 'recipient'] as const)('silence at the %s: nothing arrived', async (at) => {
    channel = channelWith({ timeoutMs: 300 });
    smtp.misbehave({ at, how: 'silent' });
    expect(await send()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
  });

  test('a connection that is refused never arrived', async () => {
    await smtp.stop();
    expect(await send()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    smtp = await startSmtp();
  });

  test.each(['lose-answer', 'garbage-after', 'silent', 'cut'] as const)(
    'after the whole message "%s" is ambiguous',
    async (how) => {
      channel = channelWith({ timeoutMs: 500 });
      smtp.misbehave({ at: 'message', how });
      expect(await send()).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    },
  );

  test('a mail whose answer was lost is sent again as the same mail', async () => {
    const same = { incident: incident() };
    smtp.misbehave({ at: 'message', how: 'lose-answer' });
    expect(await send({}, same)).toMatchObject({ failure: { kind: 'ambiguous' } });
    expect(await send({}, { ...same, ambiguous: true })).toMatchObject({ kind: 'delivered' });
    const [lost, repeat] = smtp.mails.map(({ parsed }) => parsed);
    expect(repeat).toMatchObject({ messageId: lost!.messageId, subject: lost!.subject, text: lost!.text });
  });

  test('a slow server is waited for', async () => {
    smtp.misbehave({ at: 'message', how: 'slow', delayMs: 200 });
    expect(await send()).toMatchObject({ kind: 'delivered' });
  });

  test('a caller who gives up ends it', async () => {
    smtp.misbehave({ at: 'greeting', how: 'silent' });
    channel = channelWith({ timeoutMs: 300_000 });
    const waiting = new AbortController();
    const delivery = send({}, { signal: waiting.signal });
    waiting.abort();
    expect(await delivery).toMatchObject({ failure: { kind: 'unreachable' } });
  });
});
