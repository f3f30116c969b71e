import { createHmac } from 'node:crypto';
import type { FakeMessage, FakeResponseUrl, FakeSlack, FakeView } from './slack.ts';

/** What a button or a menu of a message looks like to whoever presses it. */
interface Element {
  readonly type: string;
  readonly action_id: string;
  readonly value?: string;
  readonly text?: { readonly text: string };
  readonly options?: readonly { readonly text: { readonly text: string }; readonly value: string }[];
}

export interface Reaction {
  readonly status: number;
  readonly ms: number;
  /** Null: an empty body. */
  readonly body: { readonly text?: string; readonly errors?: Readonly<Record<string, string>> } | null;
  /** What came later, or will. */
  readonly later: FakeResponseUrl;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly teamId?: string;
}

export interface Workspace {
  readonly slack: FakeSlack;
  /** Firebreak's. */
  readonly url: string;
  readonly signingSecret: string;
  readonly channel: string;
}

export interface Doing {
  /** How Slack signs; by default with the right secret and now. */
  readonly secret?: string;
  readonly at?: number;
  /** The same doing again, as when Slack sends it twice. */
  readonly triggerId?: string;
}

/** Every button and menu of a message, by its action. */
export const elementsOf = (blocks: readonly unknown[]): ReadonlyMap<string, Element> => {
  const elements = blocks.flatMap((block) => {
    const { type, elements: list } = block as { type: string; elements?: Element[] };
    return type === 'actions' ? (list ?? []) : [];
  });
  return new Map(elements.map((element) => [element.action_id.replace('firebreak.', ''), element]));
};

/** Somebody in Slack: what they do arrives at Firebreak signed, in the shapes of Slack's documentation. */
export class SlackUser {
  readonly #workspace: Workspace;
  readonly #person: Person;

  constructor(workspace: Workspace, person: Person) {
    this.#workspace = workspace;
    this.#person = person;
  }

  /** Types a command. */
  type(text: string, doing: Doing = {}): Promise<Reaction> {
    const { slack, channel } = this.#workspace;
    const later = slack.giveResponseUrl();
    const form = new URLSearchParams({
      token: 'unused',
      team_id: 'T1',
      team_domain: 'example',
      channel_id: channel,
      channel_name: 'incidents',
      user_id: this.#person.id,
      user_name: this.#person.name,
      command: '/incident',
      text,
      api_app_id: 'A1',
      is_enterprise_install: 'false',
      response_url: later.url,
      trigger_id: doing.triggerId ?? slack.giveTrigger(),
    });
    return this.#send(form.toString(), later, doing);
  }

  /** Presses a button of a message, or chooses `option` from a menu. */
  press(message: Pick<FakeMessage, 'ts' | 'blocks'>, action: string, option: string | null = null, doing: Doing = {}) {
    const element = elementsOf(message.blocks).get(action);
    if (element === undefined) throw new Error(`the message has no ${action}`);
    const chosen = element.options?.find(({ text }) => text.text === option);
    if (element.options !== undefined && chosen === undefined) throw new Error(`${action} has no option ${option}`);
    const { slack, channel } = this.#workspace;
    const later = slack.giveResponseUrl();
    const { type, action_id, value, text } = element;
    return this.#interact(
      {
        type: 'block_actions',
        user: { id: this.#person.id, username: this.#person.name, team_id: this.#person.teamId ?? 'T1' },
        api_app_id: 'A1',
        token: 'unused',
        container: { type: 'message', message_ts: message.ts, channel_id: channel, is_ephemeral: false },
        trigger_id: doing.triggerId ?? slack.giveTrigger(),
        team: { id: 'T1', domain: 'example' },
        enterprise: null,
        is_enterprise_install: false,
        channel: { id: channel, name: 'incidents' },
        message: { type: 'message', bot_id: 'B1', ts: message.ts, blocks: message.blocks },
        state: { values: {} },
        response_url: later.url,
        actions: [
          chosen === undefined
            ? { type, block_id: 'b', action_id, action_ts: '1700000000.000001', value, text }
            : { type, block_id: 'b', action_id, action_ts: '1700000000.000001', selected_option: chosen },
        ],
      },
      later,
      doing,
    );
  }

  /** Submits an open modal with this in its input. */
  submit({ id, view }: FakeView, text: string, doing: Doing = {}): Promise<Reaction> {
    const { slack } = this.#workspace;
    const payload = {
      type: 'view_submission',
      team: { id: 'T1', domain: 'example' },
      user: { id: this.#person.id, username: this.#person.name, name: this.#person.name, team_id: 'T1' },
      api_app_id: 'A1',
      token: 'unused',
      trigger_id: doing.triggerId ?? slack.giveTrigger(),
      view: {
        ...view,
        id,
        team_id: 'T1',
        hash: '156772938.1827394',
        state: { values: { text: { text: { type: 'plain_text_input', value: text } } } },
      },
      response_urls: [],
    };
    return this.#interact(payload, slack.giveResponseUrl(), doing);
  }

  #interact(payload: object, later: FakeResponseUrl, doing: Doing): Promise<Reaction> {
    return this.#send(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), later, doing);
  }

  async #send(body: string, later: FakeResponseUrl, doing: Doing): Promise<Reaction> {
    const begun = performance.now();
    const response = await fetch(`${this.#workspace.url}/webhooks/slack`, {
      method: 'POST',
      headers: signedBySlack(body, doing.secret ?? this.#workspace.signingSecret, doing.at),
      body,
    });
    const text = await response.text();
    const ms = performance.now() - begun;
    return { status: response.status, ms, later, body: text === '' ? null : (JSON.parse(text) as Reaction['body']) };
  }
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
export function signedBySlack(body: string, secret: string, at = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return {
    'Content-Type': 'application/x-www-form-urlencoded',
    'X-Slack-Request-Timestamp': timestamp,
    'X-Slack-Signature': `v0=${signature}`,
  };
}
