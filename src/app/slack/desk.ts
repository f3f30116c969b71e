import type { IncidentState } from '../../domain/incident/state.ts';
import { offersOf } from '../../domain/incident/offers.ts';
import { viewOf } from '../../domain/incident/view.ts';
import { late, within } from '../../ingest/in-time.ts';
import type { SlackDesk, SlackReply, SlackRequest } from '../../ingest/ports.ts';
import { MODAL_INPUT, originOf, readAction, readView } from '../../notify/slack/actions.ts';
import type { Answer } from '../../notify/slack/answers.ts';
import { answerOf, HELP, listAnswer, showAnswer, stateLine } from '../../notify/slack/answers.ts';
import type { Ask } from '../../notify/slack/asks.ts';
import { readCommandLine } from '../../notify/slack/command-line.ts';
import type { Addressee, Responder } from '../../notify/slack/respond.ts';
import { ephemeral, formRefusal } from '../../notify/slack/respond.ts';
import type { SlackSettings } from '../../settings/types.ts';
import { listIncidents } from '../../store/lists.ts';
import { readIncident } from '../../store/incidents.ts';
import { limitWaits } from '../../store/limits.ts';
import { openIncidentsIn } from '../../store/slack.ts';
import type { Store } from '../../store/store.ts';
import type { Commander, EffectivePolicy } from '../commander.ts';
import type { InTime } from '../in-time.ts';
import { takeInTime } from '../in-time.ts';
import type { Performed } from './perform.ts';
import { perform } from './perform.ts';
import type { GroupRole, Person } from './people.ts';
import { mayAsk, personOf } from './people.ts';

export interface SlackDeskDeps {
  readonly store: Store;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  readonly people: Pick<SlackSettings, 'users' | 'defaultRole'>;
  readonly groupRole: GroupRole;
  readonly responder: Responder;
  readonly publicUrl: string | null;
  /** What the next shift must know, as text. */
  readonly handover: () => Promise<string>;
  readonly log: {
    info(details: object, message: string): void;
    warn(details: object, message: string): void;
    error(details: object, message: string): void;
  };
}

export interface Desk extends SlackDesk {
  /** Does what could not be done while Slack waited. Safe to repeat. */
  takeLate(request: SlackRequest): Promise<void>;
  /** Resolves when every answer that is under way is out, or given up. */
  drain(): Promise<void>;
}

/** Together less than Slack's 3 s. */
const LIMITS: InTime = { doMs: 1_200, keepMs: 1_000 };
/** What waits longer comes again: a crowd of impatient people must not hold all connections to the store. */
const LATE_MS = 5_000;
const READ_MS = 2_000;
const ANSWER_MS = 10_000;
/** What opens a modal is good for three seconds from the press. */
const MODAL_MS = 2_800;

const NOT_TAKEN = 'Firebreak cannot reach its store just now: nothing was done. Try again, or use PagerDuty.';
const KEPT = 'Taken. Somebody else is at this incident just now; it is done in a moment.';

type Did = Extract<Ask, { kind: 'do' }>;
type Reading = Extract<Ask, { kind: 'list' | 'show' | 'handover' }>;

/** What people do in Slack becomes commands, by the same way as everything else, and they are told what came of it. */
export function createSlackDesk(deps: SlackDeskDeps): Desk {
  return new DeskOf(deps);
}

class DeskOf implements Desk {
  readonly #deps: SlackDeskDeps;
  readonly #answers = new Set<Promise<void>>();

  constructor(deps: SlackDeskDeps) {
    this.#deps = deps;
  }

  take(request: SlackRequest): Promise<SlackReply> {
    const ask = readAsk(request);
    const person = this.#person(request);
    if (!mayAsk(person, ask)) {
      this.#deps.log.warn({ by: person.name, ask: ask.kind }, 'somebody in Slack may not do what they asked for');
      return this.#refuse(request, notAllowed(request, person));
    }
    switch (ask.kind) {
      case 'help':
        return this.#say(request, HELP);
      case 'unclear':
        return this.#refuse(request, ask.because);
      case 'list':
      case 'show':
      case 'handover':
        return this.#read(request, ask);
      case 'open-modal':
        return this.#openModal(request, ask);
      case 'do':
        return this.#do(request, person, ask);
    }
  }

  async takeLate(request: SlackRequest): Promise<void> {
    const { store, commander, policy } = this.#deps;
    const ask = readAsk(request);
    const person = this.#person(request);
    // Who may act is asked again: it may have been taken from them meanwhile.
    if (ask.kind !== 'do' || !mayAsk(person, ask)) return;
    const effective = await policy();
    const performed = await store.transaction(async (uow) => {
      await limitWaits(uow.trx, LATE_MS);
      return perform(uow, commander, effective, { request, person, ask });
    });
    const answer = this.#toldOf(request, performed);
    if (answer !== null) await this.#tell(request, answer);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#answers);
  }

  #person(request: SlackRequest): Person {
    return personOf(request.user, this.#deps.people, this.#deps.groupRole);
  }

  async #do(request: SlackRequest, person: Person, ask: Did): Promise<SlackReply> {
    const { store, commander, policy, log } = this.#deps;
    const taken = await takeInTime(store, LIMITS, {
      prepare: policy,
      work: (uow, effective) => perform(uow, commander, effective, { request, person, ask }),
      job: () => ({ name: 'slack-request', data: { v: 1, request } }),
    });
    switch (taken.kind) {
      case 'not-taken':
        log.error({ err: taken.error, by: person.name }, 'a request of Slack could not be stored');
        return { ...(await this.#refuse(request, NOT_TAKEN)), outcome: 'store-unavailable' };
      case 'kept':
        this.#background(request, answerOf(KEPT), request.did.kind !== 'command');
        return reply('stored', request.did.kind === 'command' ? ephemeral(answerOf(KEPT)) : null);
      case 'done':
        return this.#replyTo(request, person, ask, taken.value);
    }
  }

  #replyTo(request: SlackRequest, person: Person, { deed }: Did, performed: Performed): Promise<SlackReply> {
    const by = person.name;
    if (performed.kind === 'seen') return Promise.resolve(reply('repeated', null));
    if (performed.kind === 'refused') {
      this.#deps.log.info({ by, command: deed.kind, because: performed.because }, 'refused to somebody in Slack');
      return this.#refuse(request, this.#refusalOf(performed), 'stored');
    }
    const incidentId = performed.state.id;
    this.#deps.log.info({ incidentId, by, command: deed.kind }, 'command carried out for Slack');
    const answer = this.#toldOf(request, performed);
    return answer === null ? Promise.resolve(reply('stored', null)) : this.#say(request, answer, 'stored');
  }

  /** Null: the incident's own message and thread say it. */
  #toldOf({ did }: SlackRequest, performed: Performed): Answer | null {
    switch (performed.kind) {
      case 'seen':
        return null;
      case 'refused':
        return answerOf(this.#refusalOf(performed));
      case 'unchanged':
        return answerOf(`Nothing to do. ${this.#line(performed.state)}`);
      case 'done':
        return did.kind === 'command' ? answerOf(`Done. ${this.#line(performed.state)}`) : null;
    }
  }

  #refusalOf({ because, state }: Extract<Performed, { kind: 'refused' }>): string {
    return state === null ? because : `Not done: ${because}. ${this.#line(state)}`;
  }

  #line(state: IncidentState): string {
    return stateLine(viewOf(state, this.#deps.publicUrl));
  }

  async #read(request: SlackRequest, ask: Reading): Promise<SlackReply> {
    const read = await this.#readInTime(request, ask);
    return this.#say(request, read ?? answerOf('Firebreak cannot read its store just now. Try again.'));
  }

  /** Null: the store does not answer. */
  async #readInTime(request: SlackRequest, ask: Reading): Promise<Answer | null> {
    try {
      const read = await within(READ_MS, this.#answerTo(request, ask));
      return read === late ? null : read;
    } catch (error) {
      this.#deps.log.warn({ err: error, ask: ask.kind }, 'Slack asked for what could not be read');
      return null;
    }
  }

  async #answerTo(request: SlackRequest, ask: Reading): Promise<Answer> {
    const { store, publicUrl, handover } = this.#deps;
    switch (ask.kind) {
      case 'handover':
        return answerOf(await handover());
      case 'list':
        return listAnswer((await listIncidents(store.db, OPEN)).map((state) => viewOf(state, publicUrl)));
      case 'show': {
        const states =
          ask.incidentId === null
            ? await openIncidentsIn(store.db, request.channelId ?? '')
            : [await readIncident(store.db, ask.incidentId)].flatMap((found) => found?.state ?? []);
        const [only] = states;
        if (only === undefined)
          return answerOf(ask.incidentId === null ? NONE_HERE : `There is no incident ${ask.incidentId}.`);
        const views = states.map((state) => viewOf(state, publicUrl));
        return states.length > 1 ? listAnswer(views) : showAnswer(viewOf(only, publicUrl), offersOf(only));
      }
    }
  }

  /** At once, and after the answer: what opens it is good for three seconds, and nothing is lost when it fails. */
  #openModal(request: SlackRequest, { incidentId, modal }: Extract<Ask, { kind: 'open-modal' }>): Promise<SlackReply> {
    const { triggerId, channelId } = request;
    if (triggerId === null || request.did.kind !== 'action')
      return this.#refuse(request, 'Slack gave no way to open a form.');
    const origin = { incidentId, channelId, threadTs: request.did.threadTs };
    this.#track(async () => {
      const failure = await this.#deps.responder.openModal(triggerId, modal, origin, AbortSignal.timeout(MODAL_MS));
      if (failure === null) return;
      this.#deps.log.warn({ failure, incidentId, modal }, 'Slack did not open a form');
      await this.#tell(request, answerOf(`Slack did not open the form. Type it: /incident ${modal} ${incidentId} …`));
    });
    return Promise.resolve(reply('ignored', null));
  }

  #say(request: SlackRequest, answer: Answer, outcome: SlackReply['outcome'] = 'ignored'): Promise<SlackReply> {
    if (request.did.kind === 'command') return Promise.resolve(reply(outcome, ephemeral(answer)));
    this.#background(request, answer, true);
    return Promise.resolve(reply(outcome, null));
  }

  /** In a form, under its input, and it stays open with what was written. */
  #refuse(request: SlackRequest, because: string, outcome: SlackReply['outcome'] = 'ignored'): Promise<SlackReply> {
    return request.did.kind === 'view'
      ? Promise.resolve(reply(outcome, formRefusal(MODAL_INPUT, because)))
      : this.#say(request, answerOf(because), outcome);
  }

  #background(request: SlackRequest, answer: Answer, wanted: boolean): void {
    if (wanted) this.#track(() => this.#tell(request, answer));
  }

  #track(work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => {
        this.#deps.log.error({ err: error }, 'an answer to Slack failed');
      })
      .finally(() => this.#answers.delete(running));
    this.#answers.add(running);
  }

  async #tell(request: SlackRequest, answer: Answer): Promise<void> {
    const failure = await this.#deps.responder.tell(addresseeOf(request), answer, AbortSignal.timeout(ANSWER_MS));
    if (failure !== null) this.#deps.log.warn({ failure, user: request.user.id }, 'an answer did not reach Slack');
  }
}

const OPEN = {
  status: ['open', 'acknowledged', 'mitigated'],
  severity: [],
  service: null,
  since: null,
  cursor: null,
  limit: 50,
} as const;

const NONE_HERE = 'No open incident has its message in this channel. /incident list shows all.';

const reply = (outcome: SlackReply['outcome'], body: object | null): SlackReply => ({
  outcome,
  body: body as SlackReply['body'],
});

function readAsk({ did }: SlackRequest): Ask {
  switch (did.kind) {
    case 'command':
      return readCommandLine(did.text);
    case 'action':
      return readAction(did.actionId, did.value);
    case 'view':
      return readView(did.callbackId, did.metadata, did.values);
  }
}

function addresseeOf(request: SlackRequest): Addressee {
  const { did, user, responseUrl } = request;
  const origin = did.kind === 'view' ? originOf(did.metadata) : null;
  const channelId = origin?.channelId ?? request.channelId;
  const threadTs = did.kind === 'action' ? did.threadTs : (origin?.threadTs ?? null);
  return { userId: user.id, channelId, threadTs, responseUrl };
}

const notAllowed = ({ user }: SlackRequest, { role }: Person): string =>
  `You may look, but not act: your Slack user ${user.id} has the role ${role} in Firebreak. Nothing was done. ` +
  'Whoever runs Firebreak can add you to slack.users as a responder.';
