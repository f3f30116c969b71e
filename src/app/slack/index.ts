import { classifyHttp, createHttp } from '../../clients/http.ts';
import { handoverText } from '../../domain/handover-text.ts';
import type { Clock } from '../../domain/time.ts';
import { createGroups } from '../../notify/slack/groups.ts';
import { createResponder } from '../../notify/slack/respond.ts';
import { ROLES } from '../../settings/types.ts';
import type { Settings } from '../../settings/types.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Loop } from '../../timers/loop.ts';
import { startLoop } from '../../timers/loop.ts';
import type { Commander, EffectivePolicy } from '../commander.ts';
import { readHandover, silence } from '../handover.ts';
import type { Desk } from './desk.ts';
import { createSlackDesk } from './desk.ts';

export interface SlackParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Slack's way in: null when it is not configured. */
export interface SlackIn {
  readonly desk: Desk;
  /** Keeps the members of user groups known; none when no group is configured. */
  readonly startLoops: () => readonly Loop[];
}

const TIMEOUT_MS = 5_000;
const GROUPS_EVERY_MS = 300_000;

export function createSlackIn(parts: SlackParts, commander: Commander, policy: EffectivePolicy): SlackIn | null {
  const { settings, store, clock, log } = parts;
  const { slack } = settings;
  if (slack === null) return null;
  const client = {
    token: () => slack.token.reveal(),
    apiUrl: slack.apiUrl,
    timeoutMs: TIMEOUT_MS,
    classify: classifyHttp,
  };
  const groups = createGroups({ ...client, clock }, slack.groups, ROLES);
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const desk = createSlackDesk({
    ...{ store, commander, policy, log, people: slack },
    groupRole: (userId) => groups.roleOf(userId),
    responder: createResponder({ ...client, http }),
    publicUrl: settings.http.publicUrl,
    handover: async () => handoverText(await readHandover({ store, policy, clock, silent: silence(settings) })),
  });
  const refresh = async (): Promise<'idle'> => {
    const failure = await groups.refresh(AbortSignal.timeout(TIMEOUT_MS));
    if (failure !== null) log.warn({ failure }, 'the members of Slack user groups could not be read');
    return 'idle';
  };
  return {
    desk,
    startLoops: () =>
      Object.keys(slack.groups).length === 0
        ? []
        : [startLoop({ name: 'slack-groups', idleMs: GROUPS_EVERY_MS, work: refresh, now: () => clock.now(), log })],
  };
}
