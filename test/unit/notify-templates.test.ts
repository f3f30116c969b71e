import { inItsWords } from '../../src/notify/templates.ts';
import type { Channel } from '../../src/notify/ports.ts';
import { context, effect, incident } from '../fakes/effects.ts';

const said: string[] = [];
const channel: Channel = {
  name: 'slack',
  deliver: async ({ message }) => {
    said.push(message);
    return { kind: 'delivered', receipt: {} };
  },
};
const templates: Readonly<Record<string, string>> = {
  'stakeholders opened': '{severity} on {service}, {id}: {message}',
  'customers retracted': 'Sorry: {service} was fine.',
};
const worded = inItsWords(channel, (audience, news) => templates[`${audience} ${news}`] ?? null);
const send = (data: { audience?: string; news?: string }, view = incident()) =>
  worded.deliver(effect('slack', 'post', { message: 'It is down', data }), context({ incident: view }));

beforeEach(() => {
  said.length = 0;
});

test('an audience reads its own words, and the shipped ones where there are none', async () => {
  await send({ audience: 'stakeholders', news: 'opened' });
  await send({ audience: 'stakeholders', news: 'resolved' });
  await send({ audience: 'customers', news: 'retracted' });
  await send({ news: 'opened' });
  await send({});
  expect(said).toEqual([
    'P1 on checkout, INC-20261123-151300: It is down',
    'It is down',
    'Sorry: checkout was fine.',
    'It is down',
    'It is down',
  ]);
});

test('what an incident says is data: braces in it stand for nothing', async () => {
  await send({ audience: 'customers', news: 'retracted' }, incident({ service: '{id}\n{title}' }));
  expect(said).toEqual(['Sorry: {id} {title} was fine.']);
});
