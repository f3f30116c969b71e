import { readSlack } from '../../src/ingest/slack-request.ts';
import { personOf, mayAsk } from '../../src/app/slack/people.ts';

const NOW = 1_700_000_000_000;
const read = (body: unknown) => readSlack(body, NOW);

/** As documented for block_actions, with what we do not read, too. */
const pressed = (changes: object = {}) => ({
  type: 'block_actions',
  user: { id: 'U1', username: 'ada', team_id: 'T1' },
  team: { id: 'T1', domain: 'x' },
  container: { type: 'message', message_ts: '1.2', channel_id: 'C1', thread_ts: '1.1' },
  channel: { id: 'C1', name: 'incidents' },
  trigger_id: '1.2.abc',
  response_url: 'https://hooks.slack.com/actions/T1/1/x',
  actions: [{ type: 'button', action_id: 'firebreak.note', action_ts: '1.3', value: 'v' }],
  ...changes,
});
const interaction = (payload: object) => read({ payload: JSON.stringify(payload) });

test('a press', () => {
  expect(interaction(pressed())).toEqual({
    kind: 'request',
    request: {
      id: '1.2.abc',
      receivedAt: NOW,
      user: { id: 'U1', name: 'ada', isGuest: false },
      channelId: 'C1',
      responseUrl: 'https://hooks.slack.com/actions/T1/1/x',
      triggerId: '1.2.abc',
      did: { kind: 'action', actionId: 'firebreak.note', value: 'v', threadTs: '1.1' },
    },
  });
});

test('a choice from a menu', () => {
  const actions = [{ action_id: 'a', selected_option: { text: {}, value: 'P1' } }];
  expect(interaction(pressed({ actions }))).toMatchObject({ request: { did: { value: 'P1' } } });
  // A choice that was taken back.
  expect(interaction(pressed({ actions: [{ action_id: 'a', selected_option: null }] }))).toMatchObject({
    request: { did: { value: '' } },
  });
});

test('without a trigger the same bytes are the same doing', () => {
  const once = interaction(pressed({ trigger_id: undefined }));
  const other = interaction(pressed({ trigger_id: undefined, channel: { id: 'C2' } }));
  expect(interaction(pressed({ trigger_id: undefined }))).toEqual(once);
  expect(other.kind === 'request' && once.kind === 'request' && other.request.id !== once.request.id).toBe(true);
});

test('somebody of another workspace is a guest', () => {
  expect(interaction(pressed({ user: { id: 'U1', username: 'ada', team_id: 'T2' } }))).toMatchObject({
    request: { user: { isGuest: true } },
  });
  expect(interaction(pressed({ team: null }))).toMatchObject({ request: { user: { isGuest: false } } });
});

test('texts are storable and of bounded length', () => {
  const command = { command: '/incident', user_id: 'U1', text: `\0${'x'.repeat(100_000)}` };
  const asked = read(command);
  const text = asked.kind === 'request' && asked.request.did.kind === 'command' ? asked.request.did.text : '';
  expect([text.length, text.includes('\0')]).toEqual([10_000, false]);
});

test.each([
  [null, 'unreadable'],
  [{ payload: 'x' }, 'unreadable'],
  [{ payload: '[]' }, 'unreadable'],
  [{ command: '/incident' }, 'unreadable'],
  [{ payload: JSON.stringify(pressed({ user: {} })) }, 'unreadable'],
  [{ payload: '{"type":"view_submission","view":{}}' }, 'unreadable'],
  [{ payload: '{"type":"view_closed"}' }, 'ignored'],
  [{ payload: '{"type":null}' }, 'ignored'],
  [{ ssl_check: '1' }, 'ignored'],
  [{}, 'ignored'],
])('%j is %s', (body, kind) => {
  expect(read(body).kind).toBe(kind);
});

describe('who it is', () => {
  const settings = { users: { U1: { name: 'ada', role: 'responder' as const } }, defaultRole: 'viewer' as const };
  const nobody = () => null;

  test('a configured user has that name and role, also as a guest', () => {
    const user = { id: 'U1', name: 'whatever', isGuest: true };
    expect(personOf(user, settings, nobody)).toEqual({ name: 'ada', role: 'responder' });
  });

  test('a name that anybody can choose comes with its id', () => {
    expect(personOf({ id: 'U2', name: 'ada', isGuest: false }, settings, nobody)).toEqual({
      name: 'ada (U2)',
      role: 'viewer',
    });
    expect(personOf({ id: 'constructor', name: '', isGuest: false }, settings, nobody).name).toBe('constructor');
  });

  test('groups before the default; guests never more than look', () => {
    const groups = () => 'responder' as const;
    const open = { ...settings, defaultRole: 'responder' as const };
    expect(personOf({ id: 'U2', name: 'x', isGuest: false }, settings, groups).role).toBe('responder');
    expect(personOf({ id: 'U2', name: 'x', isGuest: true }, open, groups).role).toBe('viewer');
  });

  test('acting needs a responder', () => {
    const ask = { kind: 'do', incidentId: null, deed: { kind: 'acknowledge' } } as const;
    expect((['viewer', 'responder', 'admin'] as const).map((role) => mayAsk({ name: 'x', role }, ask))).toEqual([
      false,
      true,
      true,
    ]);
    expect(mayAsk({ name: 'x', role: 'viewer' }, { kind: 'list' })).toBe(true);
  });
});
