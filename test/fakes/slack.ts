import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createFront, listen, stop, type Answer, type FaultControls, type RecordedRequest } from './faults.ts';
import { blockErrors, pingsIn, viewErrors } from './slack-blocks.ts';

export interface FakeMessage {
  readonly ts: string;
  text: string;
  blocks: readonly unknown[];
  readonly metadata: { event_type: string; event_payload: Record<string, unknown> } | null;
  readonly threadTs: string | null;
  edits: number;
}

/** What only one person saw. */
export interface FakeEphemeral {
  readonly channel: string;
  readonly user: string;
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
}

export interface FakeView {
  readonly id: string;
  readonly triggerId: string;
  readonly view: Readonly<Record<string, unknown>>;
}

/** Where an answer can be sent to; it works five times. */
export interface FakeResponseUrl {
  readonly url: string;
  readonly answers: Readonly<Record<string, unknown>>[];
}

export interface FakeSlack extends FaultControls {
  /** What a client takes for `https://slack.com/api/`. */
  readonly url: string;
  readonly channels: ReadonlyMap<string, FakeMessage[]>;
  /** Every mention that would have notified somebody. */
  readonly pings: readonly string[];
  readonly ephemerals: readonly FakeEphemeral[];
  readonly views: readonly FakeView[];
  readonly groups: Map<string, string[]>;
  /** Good for one modal. */
  giveTrigger(): string;
  giveResponseUrl(): FakeResponseUrl;
  /** Makes the next calls of a method say no with HTTP 200, as Slack does. */
  sayNo(method: string, error: string, times?: number): void;
  stop(): Promise<void>;
}

export interface FakeSlackOptions {
  readonly token: string;
  /** Channel ids with their names; the bot is a member of each. */
  readonly channels: Readonly<Record<string, string>>;
  /** What the token may do; everything that is needed, unless told. */
  readonly scopes?: readonly string[];
  /** Channels that are archived, and those that the bot is not in. */
  readonly archived?: readonly string[];
  readonly notIn?: readonly string[];
  /** Posts a second that a channel takes before it says `ratelimited`. Unlimited unless told. */
  readonly postsPerSecond?: number;
  /** Messages a page of history holds at most. */
  readonly pageSize?: number;
  /** By which the timestamps are made. */
  readonly now?: () => number;
}

type Form = Readonly<Record<string, string | undefined>>;

const no = (error: string): Answer => ({ status: 200, body: { ok: false, error } });
const yes = (body: object): Answer => ({ status: 200, body: { ok: true, ...body } });

/** The methods of Slack's Web API that Firebreak calls, with their documented refusals. */
export const startSlack = async (options: FakeSlackOptions): Promise<FakeSlack> => {
  const channels = new Map<string, FakeMessage[]>(Object.keys(options.channels).map((id) => [id, []]));
  const pings: string[] = [];
  const posts = new Map<string, number[]>();
  let count = 0;

  const idOf = (name = ''): string | undefined =>
    channels.has(name) ? name : Object.entries(options.channels).find(([, n]) => `#${n}` === name || n === name)?.[0];

  const isTooFast = (channel: string): boolean => {
    const recent = (posts.get(channel) ?? []).filter((at) => at > Date.now() - 1000);
    posts.set(channel, [...recent, Date.now()]);
    return recent.length >= (options.postsPerSecond ?? Infinity);
  };

  const post = (form: Form): Answer => {
    const channel = idOf(form['channel']);
    const messages = channel === undefined ? undefined : channels.get(channel);
    if (channel === undefined || !messages) return no('channel_not_found');
    if (isTooFast(channel)) {
      return { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
    }
    const content = contentOf(form);
    if ('error' in content) return no(content.error);
    const threadTs = form['thread_ts'] ?? null;
    if (threadTs !== null && !messages.some((m) => m.ts === threadTs)) return no('thread_not_found');
    const metadata = metadataOf(form['metadata']);
    if (metadata === 'invalid') return no('invalid_metadata_format');
    count += 1;
    const ts = `${Math.floor((options.now?.() ?? Date.now()) / 1000)}.${String(count).padStart(6, '0')}`;
    messages.push({ ts, ...content, metadata, threadTs, edits: 0 });
    pings.push(...pingsIn(content));
    return yes({ channel, ts, message: { text: content.text } });
  };

  const update = (form: Form): Answer => {
    // Unlike chat.postMessage it takes no names.
    const messages = channels.get(form['channel'] ?? '');
    if (!messages) return no('channel_not_found');
    const message = messages.find((m) => m.ts === form['ts']);
    if (!message) return no('message_not_found');
    const content = contentOf(form);
    if ('error' in content) return no(content.error);
    Object.assign(message, content, { edits: message.edits + 1 });
    pings.push(...pingsIn(content));
    return yes({ channel: form['channel'], ts: message.ts, text: message.text });
  };

  const ephemerals: FakeEphemeral[] = [];
  const postEphemeral = (form: Form): Answer => {
    const channel = idOf(form['channel']);
    const user = form['user'] ?? '';
    if (channel === undefined) return no('channel_not_found');
    if (!/^[UW]/.test(user)) return no('user_not_in_channel');
    const content = contentOf(form);
    if ('error' in content) return no(content.error);
    ephemerals.push({ channel, user, threadTs: form['thread_ts'] ?? null, ...content });
    pings.push(...pingsIn(content));
    return yes({ message_ts: '1.000001' });
  };

  const triggers = new Set<string>();
  const views: FakeView[] = [];
  const openView = (form: Form): Answer => {
    const triggerId = form['trigger_id'] ?? '';
    if (!triggers.delete(triggerId)) return no('expired_trigger_id');
    const view = JSON.parse(form['view'] ?? '{}') as FakeView['view'];
    const errors = viewErrors(view);
    if (errors.length > 0) return { status: 200, body: { ok: false, error: 'invalid_arguments', errors } };
    const id = `V${views.length + 1}`;
    views.push({ id, triggerId, view });
    return yes({ view: { id } });
  };

  const groups = new Map<string, string[]>();
  const groupUsers = (form: Form): Answer => {
    const users = groups.get(form['usergroup'] ?? '');
    return users === undefined ? no('no_such_subteam') : yes({ users });
  };

  const responseUrls = new Map<string, FakeResponseUrl>();
  const respond = (path: string, request: RecordedRequest): Answer => {
    const known = responseUrls.get(path);
    const answer = JSON.parse(request.raw) as Readonly<Record<string, unknown>>;
    if (known === undefined || known.answers.length >= 5) return { status: 404, body: 'expired_url' };
    const {
      text,
      blocks = [],
      response_type: type,
    } = answer as { text: string; blocks?: unknown[]; response_type: string };
    if (type !== 'ephemeral' && type !== 'in_channel') return { status: 400, body: 'invalid_payload' };
    if (blockErrors(blocks).length > 0) return { status: 400, body: 'invalid_blocks' };
    known.answers.push(answer);
    pings.push(...pingsIn({ text, blocks }));
    return { status: 200, body: 'ok' };
  };

  const page = (messages: readonly FakeMessage[], form: Form): Answer => {
    const newer = messages.filter((m) => Number(m.ts) > Number(form['oldest'] ?? 0));
    const from = Number(form['cursor'] ?? 0);
    const to = from + Math.min(Number(form['limit'] ?? 100), options.pageSize ?? 999);
    const shown = newer.slice(from, to).map((m) => shownAs(m, form['include_all_metadata'] === 'true'));
    const more = to < newer.length;
    return yes({ messages: shown, has_more: more, response_metadata: { next_cursor: more ? String(to) : '' } });
  };

  const history = (form: Form): Answer => {
    const messages = channels.get(form['channel'] ?? '');
    return messages ? page(messages.filter((m) => m.threadTs === null).toReversed(), form) : no('channel_not_found');
  };

  const replies = (form: Form): Answer => {
    const messages = channels.get(form['channel'] ?? '');
    if (!messages) return no('channel_not_found');
    const thread = messages.filter((m) => m.ts === form['ts'] || m.threadTs === form['ts']);
    return thread.length === 0 ? no('thread_not_found') : page(thread, form);
  };

  const scopes = options.scopes ?? ['chat:write', 'commands', 'channels:history', 'channels:read', 'usergroups:read'];
  const channelInfo = (form: Form): Answer => {
    const id = form['channel'] ?? '';
    if (!scopes.includes('channels:read')) {
      return {
        status: 200,
        body: { ok: false, error: 'missing_scope', needed: 'channels:read', provided: scopes.join() },
      };
    }
    // It takes no names.
    if (!channels.has(id)) return no('channel_not_found');
    const channel = {
      ...{ id, name: options.channels[id], is_channel: true },
      is_archived: options.archived?.includes(id) ?? false,
      is_member: !(options.notIn?.includes(id) ?? false),
    };
    return yes({ channel });
  };

  const methods = new Map<string, (form: Form) => Answer>([
    ['chat.postMessage', post],
    ['chat.update', update],
    ['chat.postEphemeral', postEphemeral],
    ['views.open', openView],
    ['usergroups.users.list', groupUsers],
    ['conversations.history', history],
    ['conversations.replies', replies],
    ['conversations.info', channelInfo],
    [
      'auth.test',
      () =>
        yes({
          ...{ url: 'https://example.slack.com/', team: 'example', team_id: 'T1' },
          ...{ user: 'firebreak', user_id: 'U1', bot_id: 'B1' },
        }),
    ],
  ]);

  const front = createFront((request) => {
    if (request.path.startsWith('/actions/')) return respond(request.path, request);
    const method = methods.get(request.path.replace('/api/', ''));
    if (!method) return no('unknown_method');
    const bearer = request.headers.authorization;
    if (bearer === undefined) return no('not_authed');
    if (bearer !== `Bearer ${options.token}`) return no('invalid_auth');
    const answer = method(formOf(request));
    return { ...answer, headers: { ...answer.headers, 'x-oauth-scopes': scopes.join(',') } };
  });

  const server = createServer(front.listener);
  const host = await listen(server, front);
  return {
    ...front,
    url: `http://${host}/api/`,
    channels,
    pings,
    ephemerals,
    views,
    groups,
    giveTrigger: () => {
      const id = `${Date.now()}.${randomUUID()}`;
      triggers.add(id);
      return id;
    },
    giveResponseUrl: () => {
      const path = `/actions/T1/${randomUUID()}`;
      const given = { url: `http://${host}${path}`, answers: [] };
      responseUrls.set(path, given);
      return given;
    },
    sayNo: (method, error, times = 1) => {
      front.misbehave({ mode: 'status', status: 200, body: { ok: false, error }, path: method, times });
    },
    stop: () => stop(server),
  };
};

const formOf = ({ raw }: RecordedRequest): Form => Object.fromEntries(new URLSearchParams(raw));

const contentOf = (form: Form): { text: string; blocks: readonly unknown[] } | { error: string } => {
  const text = form['text'] ?? '';
  if (text.length > 40_000) return { error: 'msg_too_long' };
  const blocks = form['blocks'] === undefined ? [] : (JSON.parse(form['blocks']) as unknown);
  if (!Array.isArray(blocks)) return { error: 'invalid_blocks_format' };
  if (blocks.length === 0 && text === '') return { error: 'no_text' };
  return blockErrors(blocks).length > 0 ? { error: 'invalid_blocks' } : { text, blocks };
};

const metadataOf = (json: string | undefined): FakeMessage['metadata'] | 'invalid' => {
  if (json === undefined) return null;
  const { event_type: type, event_payload: payload } = JSON.parse(json) as Record<string, unknown>;
  if (typeof type !== 'string' || !/^\w+$/.test(type) || typeof payload !== 'object' || payload === null)
    return 'invalid';
  return { event_type: type, event_payload: payload as Record<string, unknown> };
};

/** Without `include_all_metadata` the payload stays hidden. */
const shownAs = (message: FakeMessage, withMetadata: boolean): object => ({
  type: 'message',
  ts: message.ts,
  text: message.text,
  ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
  ...(message.metadata === null || !withMetadata ? {} : { metadata: message.metadata }),
});
