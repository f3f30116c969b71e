import type { FakeMessage } from '../fakes/slack.ts';
import { elementsOf, SlackUser } from '../fakes/slack-user.ts';
import { eventually } from '../harness/firebreak.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, slackMessages } from './outside.ts';
import type { Incident } from './reading.ts';
import type { Lookout, Shop } from './shop.ts';
import { APART, inState, openShop, rolledBack } from './shop.ts';

const SECRET = 'signing';
const HOLD_SECONDS = 60;
const SERVICES = {
  payments: rolledBack(['payments'], { mode: 'approve' }),
  letters: rolledBack(['letters'], { mode: 'approve' }),
  cart: rolledBack(['cart']),
  depot: rolledBack(['depot'], { mode: 'shadow' }),
};

let shop: Shop;
let at: Lookout;
let ada: SlackUser;
let eve: SlackUser;

beforeAll(async () => {
  shop = await openShop();
  for (const name of Object.keys(SERVICES)) await shop.stock(name);
  at = await shop.look({
    automation: { ...APART, holdSeconds: { P0: 0, P1: HOLD_SECONDS } },
    services: SERVICES,
    slack: {
      ...{ token: SLACK_TOKEN, channel: SLACK_CHANNEL, apiUrl: shop.outside.slack.url, messagesPerSecond: 1_000 },
      signingSecret: SECRET,
      users: { UADA01: { name: 'ada', role: 'responder' } },
    },
  });
  const workspace = {
    slack: shop.outside.slack,
    url: at.firebreak.url,
    signingSecret: SECRET,
    channel: SLACK_CHANNEL,
  };
  ada = new SlackUser(workspace, { id: 'UADA01', name: 'ada' });
  eve = new SlackUser(workspace, { id: 'UEVE01', name: 'eve' });
});

afterAll(() => shop.stop());

/** The incident's message as it is on a screen, once it can be pressed there. */
async function message({ id }: Incident, button: string): Promise<FakeMessage> {
  const shown = await eventually(
    async () => slackMessages(shop.outside).messages.find(({ blocks }) => JSON.stringify(blocks).includes(id)),
    (found) => found !== undefined && elementsOf(found.blocks).has(button),
  );
  return structuredClone(shown!);
}
const told = (reaction: Awaited<ReturnType<SlackUser['press']>>): Promise<string> =>
  eventually(
    async () => JSON.stringify(reaction.later.answers),
    (answers) => answers !== '[]',
  );
const countOf = async (incident: Incident, type: string): Promise<number> =>
  (await at.types(incident)).filter((each) => each === type).length;

it('approve: by who may, once, and of the plan that was shown', async () => {
  const incident = await at.raise({ service: 'payments' }, inState('awaiting-approval'));
  const shown = await message(incident, 'approve');
  expect(await told(await eve.press(shown, 'approve'))).toContain('may look, but not act');
  expect(shop.patches('payments')).toEqual([]);

  const other = structuredClone(shown);
  const [row] = other.blocks.filter((block) => JSON.stringify(block).includes('firebreak.approve'));
  const [button] = (row as { elements: { value: string }[] }).elements;
  button!.value = button!.value.replace(/[0-9a-f]{64}/, '0'.repeat(64));
  expect(await told(await ada.press(other, 'approve'))).toContain('The plan has changed since it was shown');
  expect(shop.patches('payments')).toEqual([]);

  await Promise.all([ada.press(shown, 'approve'), ada.press(shown, 'approve')]);
  const begun = await at.until(incident, inState('validating'));
  expect(begun.rollback).toMatchObject({ approvedBy: 'ada' });
  expect(await countOf(incident, 'rollback-approved')).toBe(1);
  expect(shop.patches('payments')).toHaveLength(1);
  expect(shop.image('payments')).toBe('shop/payments:v1');

  // The message is still on somebody's screen as it was.
  expect(await told(await ada.press(shown, 'approve'))).toMatch(/Nothing to do|Not done/);
  expect(await told(await ada.press(shown, 'abort'))).toContain('every step is done already');
  expect(shop.patches('payments')).toHaveLength(1);
});

it('approve by word, with the beginning of the plan', async () => {
  const incident = await at.raise({ service: 'letters' }, inState('awaiting-approval'));
  const hash = incident.rollback!.planHash;
  expect((await ada.type(`approve ${incident.id} 000000`)).body?.text).toContain('The plan has changed');
  expect((await ada.type(`approve ${incident.id} ${hash.slice(0, 12)}`)).body?.text).toMatch(/^Done/);
  await at.until(incident, inState('validating'));
});

it('a fix is near: the rollback waits for it, and the choice is gone', async () => {
  const incident = await at.raise({ service: 'cart', usersAffected: 35 }, inState('announced'));
  const shown = await message(incident, 'fix');
  await ada.press(shown, 'fix', 'Fix in 4 min');
  const held = await at.until(incident, ({ rollback }) => rollback?.startsAt !== incident.rollback!.startsAt);
  expect(held.rollback).toMatchObject({ state: 'announced' });
  expect(await told(await ada.press(shown, 'fix', 'Fix in 3 min'))).toContain('ada has declared a fix already');
  const now = await eventually(
    () => message(incident, 'abort'),
    ({ blocks }) => !elementsOf(blocks).has('fix'),
  );
  await ada.press(now, 'abort');
  expect((await at.until(incident, inState('stopped'))).rollback).toMatchObject({ stoppedBy: 'aborted' });
  expect(shop.patches('cart')).toEqual([]);
});

it('start and abort by word; a rollback that is gone cannot be aborted', async () => {
  const incident = await at.raise({ service: 'depot' }, inState('shadowed'));
  expect((await eve.type(`start ${incident.id} now`)).body?.text).toContain('may look');
  expect((await ada.type(`start ${incident.id} it is this version`)).body?.text).toMatch(/^Done/);
  await at.until(incident, inState('validating'));
  expect(shop.patches('depot')).toHaveLength(1);
  expect((await ada.type(`abort ${incident.id} too late`)).body?.text).toContain('every step is done already');
});
