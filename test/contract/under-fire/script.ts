import type { JsonObject } from '../../../src/domain/json.ts';
import { CHANNELS, type ChannelName, type EffectIntent } from '../../../src/domain/view.ts';

type Line = readonly [kind: string, data?: JsonObject];

/** What an incident has to tell, from its beginning to its end. */
const SCRIPT: Readonly<Record<ChannelName, readonly Line[]>> = {
  pagerduty: [
    ['trigger', { reason: 'first-page' }],
    ['acknowledge'],
    ['change', { from: 'r42', to: 'r41' }],
    ['resolve'],
  ],
  'pagerduty-notes': [
    ['note', { seq: 100 }],
    ['note', { seq: 101 }],
  ],
  slack: [['announce'], ['thread'], ['refresh'], ['post'], ['thread']],
  email: [
    ['opened', { audience: 'team' }],
    ['update', { audience: 'team' }],
    ['resolved', { audience: 'team' }],
  ],
  statuspage: [['publish', { status: 'investigating' }], ['update', { status: 'identified' }], ['resolve']],
  webhook: [['event'], ['event'], ['event']],
};

/** The effects of an incident through these channels, in the order in which they are meant. */
export const effectsOf = (incidentId: string, channels: readonly ChannelName[] = CHANNELS): readonly EffectIntent[] => {
  const most = Math.max(...channels.map((channel) => SCRIPT[channel].length));
  return Array.from({ length: most }, (_, step) =>
    channels.flatMap((channel) => {
      const line = SCRIPT[channel][step];
      return line === undefined ? [] : [intent(incidentId, channel, step, line)];
    }),
  ).flat();
};

const intent = (incidentId: string, channel: ChannelName, step: number, [kind, data = {}]: Line): EffectIntent => ({
  id: `${incidentId}:${step + 100}:${channel}:${kind}`,
  incidentId,
  channel,
  kind,
  urgent: true,
  message: `${channel} ${kind} ${step}`,
  data,
  replaces: kind === 'refresh' ? 'message' : null,
});
