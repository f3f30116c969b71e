import { classifyHttp } from '../../clients/http.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import type { Call } from '../../notify/slack/client.ts';
import { openSlack } from '../../notify/slack/client.ts';
import type { Settings } from '../../settings/types.ts';
import type { Found } from './line.ts';
import { failed, ofFailure, ok, warning } from './line.ts';

const TIMEOUT_MS = 10_000;
const LONGEST_MS = 30_000;
const NAME = 'slack';

/** The token, what it may do, and each channel that is posted to. */
export async function checkSlack(settings: Settings): Promise<Found> {
  const { slack: own } = settings;
  if (own === null) return { checks: [notConfigured(settings)] };
  const options = {
    token: () => own.token.reveal(),
    apiUrl: own.apiUrl.endsWith('/') ? own.apiUrl : `${own.apiUrl}/`,
    timeoutMs: TIMEOUT_MS,
    classify: classifyHttp,
  };
  const call = openSlack(options, AbortSignal.timeout(LONGEST_MS));
  const who = await call((web) => web.auth.test());
  if (!who.ok) return { checks: [ofFailure(NAME, who.failure, 'slack.token')] };
  const { team, user, response_metadata: metadata } = who.value;
  const scopes = metadata?.scopes ?? null;
  const channels: DoctorCheck[] = [];
  for (const channel of channelsOf(settings)) channels.push(await checkChannel(call, channel));
  return {
    checks: [
      ok(NAME, `${user ?? 'a bot'} in ${team ?? 'its workspace'}`),
      scopeCheck(scopes, own),
      ...(isInteractive(own) ? [] : [noWayIn]),
      ...channels,
    ],
  };
}

const notConfigured = ({ email }: Settings): DoctorCheck =>
  email === null
    ? warning(NAME, 'not configured: P0 and P1 are posted nowhere', 'Set slack.token and slack.channel: docs/slack.md.')
    : ok(NAME, 'not configured: P0 and P1 go by e-mail, too');

const noWayIn = warning(
  `${NAME} buttons`,
  'no signing secret: there are no buttons, and /incident is refused',
  'Put the signing secret of the app (Basic Information) into slack.signingSecret: docs/slack.md.',
);

/** Without these something does not work at all, or works less well. */
function scopeCheck(scopes: readonly string[] | null, own: NonNullable<Settings['slack']>): DoctorCheck {
  const name = `${NAME} scopes`;
  if (scopes === null) return warning(name, 'Slack does not say which', 'Compare the app with docs/slack.md.');
  if (!scopes.includes('chat:write')) {
    return failed(
      name,
      'chat:write is missing: nothing can be posted',
      'Add it to the app, install it again, take the new token.',
    );
  }
  const less = [
    ...(scopes.some((scope) => ['channels:history', 'groups:history'].includes(scope))
      ? []
      : ['channels:history or groups:history (after a crash a message may come twice)']),
    ...(Object.keys(own.groups).length > 0 && !scopes.includes('usergroups:read')
      ? ['usergroups:read (slack.groups gives nobody a role)']
      : []),
    ...(isInteractive(own) && !scopes.includes('commands') ? ['commands (there is no /incident)'] : []),
  ];
  if (less.length === 0) return ok(name, scopes.join(', '));
  return warning(name, `missing: ${less.join('; ')}`, 'Add them to the app and install it again: docs/slack.md.');
}

const isInteractive = ({ signingSecret, signingSecrets }: NonNullable<Settings['slack']>): boolean =>
  signingSecret !== null || signingSecrets.length > 0;

function channelsOf({ slack, policy, audiences }: Settings): readonly string[] {
  const named = [
    slack?.channel,
    ...Object.values(policy.services).map(({ slackChannel }) => slackChannel),
    ...Object.values(audiences).map(({ slackChannel }) => slackChannel),
    ...Object.values(policy.communication.specialists).map(({ slackChannel }) => slackChannel),
  ];
  return [...new Set(named.filter((channel) => typeof channel === 'string'))];
}

const isId = (channel: string): boolean => /^[CGD][A-Z0-9]{2,}$/.test(channel);

async function checkChannel(call: Call, channel: string): Promise<DoctorCheck> {
  const name = `${NAME} channel ${channel}`;
  if (!isId(channel)) {
    const advice =
      'Use the id (C…, at the bottom of the details of the channel): with a name a message may come twice after a crash.';
    return warning(name, 'a name cannot be looked up', advice);
  }
  const asked = await call((web) => web.conversations.info({ channel }));
  if (!asked.ok) return unknownChannel(name, asked.failure);
  const { is_archived: archived, is_member: member, name: called } = asked.value.channel ?? {};
  if (archived === true) return failed(name, `#${called ?? ''} is archived`, 'Name another channel.');
  if (member === false) {
    return failed(name, `the app is not a member of #${called ?? ''}`, 'Invite it there: /invite @firebreak');
  }
  return ok(name, `#${called ?? ''}, and the app is a member`);
}

function unknownChannel(name: string, failure: Parameters<typeof ofFailure>[1]): DoctorCheck {
  if (failure.message.includes('missing_scope')) {
    const advice =
      'Without channels:read (groups:read for private ones) it cannot be looked up. A drill shows whether it works.';
    return warning(name, 'it may not be looked up', advice);
  }
  if (failure.message.includes('channel_not_found')) {
    return failed(
      name,
      'there is none, or the app is not in it',
      'Compare the id, and invite the app: /invite @firebreak',
    );
  }
  return ofFailure(name, failure, 'slack.token');
}
