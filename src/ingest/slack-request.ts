import { hash } from 'node:crypto';
import { z } from 'zod';
import type { SlackRequest } from './ports.ts';
import { isRecord, storable } from './text.ts';

export type ReadSlack =
  | { readonly kind: 'request'; readonly request: SlackRequest }
  /** Slack wants its own word back before it accepts the address. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** Nothing for us; the answer is 200 all the same. */
  | { readonly kind: 'ignored'; readonly because: string }
  | { readonly kind: 'unreadable'; readonly message: string; readonly field: string };

const LONGEST_TEXT = 10_000;
const LONGEST_WORD = 255;

const text = (longest: number) => z.string().transform((value) => storable(value.slice(0, longest)));
const word = text(LONGEST_WORD);
const optional = word.nullish().transform((value) => value ?? null);
const url = text(2_000)
  .nullish()
  .transform((value) => value ?? null);

/** Fields as in https://docs.slack.dev/interactivity/implementing-slash-commands; others are passed over. */
const command = z.object({
  command: word,
  text: text(LONGEST_TEXT).default(''),
  user_id: word,
  user_name: word.default(''),
  channel_id: optional,
  response_url: url,
  trigger_id: optional,
});

const team = z.object({ id: optional }).nullish();
const user = z.object({ id: word, username: optional, name: optional, team_id: optional });

/** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */
const blockActions = z.object({
  type: z.literal('block_actions'),
  team,
  user,
  channel: z.object({ id: word }).nullish(),
  container: z.object({ thread_ts: optional }).nullish(),
  message: z.object({ thread_ts: optional }).nullish(),
  response_url: url,
  trigger_id: optional,
  actions: z
    .array(
      z.object({
        action_id: word,
        action_ts: optional,
        value: text(2_000).nullish(),
        selected_option: z.object({ value: text(2_000).nullish() }).nullish(),
      }),
    )
    .min(1),
});

/** https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload */
const viewSubmission = z.object({
  type: z.literal('view_submission'),
  team,
  user,
  trigger_id: optional,
  view: z.object({
    id: word,
    callback_id: word,
    private_metadata: text(3_000).default(''),
    state: z.object({
      values: z.record(z.string(), z.record(z.string(), z.object({ value: text(LONGEST_TEXT).nullish() }))),
    }),
  }),
});

/** What stands in the body of a request whose signature fits. Never throws. */
export function readSlack(body: unknown, receivedAt: number): ReadSlack {
  if (!isRecord(body)) return { kind: 'unreadable', message: 'expected fields', field: '' };
  if (body['ssl_check'] === '1') return { kind: 'ignored', because: 'ssl_check' };
  if (body['type'] === 'url_verification' && typeof body['challenge'] === 'string') {
    return { kind: 'challenge', challenge: body['challenge'].slice(0, LONGEST_TEXT) };
  }
  if (typeof body['payload'] === 'string') return readInteraction(body['payload'], receivedAt);
  return 'command' in body
    ? readCommand(body, receivedAt)
    : { kind: 'ignored', because: 'neither an interaction nor a command' };
}

function readCommand(body: unknown, receivedAt: number): ReadSlack {
  const read = command.safeParse(body);
  if (!read.success) return unreadable(read.error);
  const { user_id: id, user_name: name, trigger_id: triggerId, response_url: responseUrl } = read.data;
  return {
    kind: 'request',
    request: {
      id: triggerId ?? identityOf(JSON.stringify(body)),
      receivedAt,
      user: { id, name, isGuest: false },
      channelId: read.data.channel_id,
      responseUrl,
      triggerId,
      did: { kind: 'command', text: read.data.text },
    },
  };
}

function readInteraction(payload: string, receivedAt: number): ReadSlack {
  const parsed = parse(payload);
  if (!isRecord(parsed)) return { kind: 'unreadable', message: 'expected a JSON object', field: 'payload' };
  switch (parsed['type']) {
    case 'block_actions':
      return readAction(parsed, payload, receivedAt);
    case 'view_submission':
      return readView(parsed, payload, receivedAt);
    default:
      // A modal that was closed, shortcuts that the app does not have.
      return { kind: 'ignored', because: storable(String(parsed['type']).slice(0, LONGEST_WORD)) };
  }
}

function readAction(parsed: unknown, payload: string, receivedAt: number): ReadSlack {
  const read = blockActions.safeParse(parsed);
  if (!read.success) return unreadable(read.error);
  const { actions, container, message, channel, trigger_id: triggerId, response_url: responseUrl } = read.data;
  const [action] = actions;
  if (action === undefined) return { kind: 'ignored', because: 'no action' };
  return {
    kind: 'request',
    request: {
      id: triggerId ?? identityOf(payload),
      receivedAt,
      user: userOf(read.data),
      channelId: channel?.id ?? null,
      responseUrl,
      triggerId,
      did: {
        kind: 'action',
        actionId: action.action_id,
        value: action.selected_option?.value ?? action.value ?? '',
        threadTs: container?.thread_ts ?? message?.thread_ts ?? null,
      },
    },
  };
}

function readView(parsed: unknown, payload: string, receivedAt: number): ReadSlack {
  const read = viewSubmission.safeParse(parsed);
  if (!read.success) return unreadable(read.error);
  const { view, trigger_id: triggerId } = read.data;
  const values = Object.entries(view.state.values).map(
    ([block, inputs]) => [block, Object.values(inputs)[0]?.value ?? ''] as const,
  );
  return {
    kind: 'request',
    request: {
      id: triggerId ?? identityOf(payload),
      receivedAt,
      user: userOf(read.data),
      channelId: null,
      responseUrl: null,
      triggerId,
      did: {
        kind: 'view',
        callbackId: view.callback_id,
        metadata: view.private_metadata,
        values: Object.fromEntries(values),
      },
    },
  };
}

function userOf(data: z.infer<typeof blockActions> | z.infer<typeof viewSubmission>): SlackRequest['user'] {
  const { id, username, name, team_id: home } = data.user;
  const here = data.team?.id ?? null;
  return { id, name: username ?? name ?? '', isGuest: home !== null && here !== null && home !== here };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Of what has no id of its own: the same bytes are the same doing. */
const identityOf = (content: string): string => hash('sha256', content);

function unreadable(error: z.ZodError): ReadSlack {
  const [issue] = error.issues;
  return { kind: 'unreadable', message: issue?.message ?? 'cannot be read', field: (issue?.path ?? []).join('.') };
}
