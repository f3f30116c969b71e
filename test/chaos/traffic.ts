import type { Random } from './random.ts';

/** An alert that was sent at least once. */
interface SentAlert {
  readonly name: string;
  readonly service: string;
  readonly startsAt: string;
  /** A delivery that holds it as firing got a 2xx. */
  accepted: boolean;
}

interface Service {
  readonly name: string;
  /** Its cluster runs a bad version that has to be rolled back; the alerts fire until that is done. */
  readonly planned: boolean;
  readonly alerts: SentAlert[];
  inFlight: number;
  resolve: 'none' | 'sent' | 'accepted';
}

export interface TrafficOptions {
  readonly random: Random;
  /** Every delivery goes to all of these at once, as from a pair of Alertmanagers; a 2xx of one makes it accepted. */
  readonly urls: () => readonly string[];
  readonly isBack: (service: string) => boolean;
}

interface Delivery {
  readonly service: Service;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly SentAlert[];
}

export interface Answer {
  readonly status: number;
  readonly code: string | null;
}

/**
 * What Alertmanager would send: alerts of new services (each a P0 of its own), more alerts for known ones, repeats, and
 * resolves. What got no answer is sent again or never again, by chance; what got a 2xx is sent again only as a repeat.
 */
export class Traffic {
  readonly services: Service[] = [];
  /** Answers that no sender should ever get. */
  readonly complaints: string[] = [];
  readonly answers = new Map<string, number>();
  readonly #options: TrafficOptions;
  readonly #retries: Delivery[] = [];
  readonly #planned: string[] = [];
  #unanswered = 0;
  #newServices = 0;
  #onAccepted: (isNews: boolean) => void = () => undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** Requests that were sent and not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  get accepted(): readonly SentAlert[] {
    return this.services.flatMap((service) => service.alerts.filter((alert) => alert.accepted));
  }

  onAccepted(callback: (isNews: boolean) => void): void {
    this.#onAccepted = callback;
  }

  /** So many services more will have a P0. */
  allow(newServices: number, planned: readonly string[] = []): void {
    this.#newServices += newServices;
    this.#planned.push(...planned);
  }

  /** Sends with so many senders until the signal. */
  async run(senders: number, signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: senders }, () => this.#sender(signal)));
  }

  async #sender(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#send(this.#next());
      await pause(PACE_MS);
    }
  }

  /** Sends what still wants to be sent again, and what is allowed and did not come up. */
  async finish(): Promise<void> {
    this.#newServices = 0;
    const deadline = Date.now() + 30_000;
    for (;;) {
      const delivery = this.#retries.shift() ?? this.#first();
      if (delivery === null) return;
      if (Date.now() > deadline) throw new Error('deliveries are not accepted');
      if (!(await this.#send(delivery))) await pause(20);
    }
  }

  /** Resolves every alert of these services. Returns whether all of it was accepted. */
  async resolve(which: (service: Service) => boolean): Promise<void> {
    for (const service of this.services.filter((each) => which(each) && each.resolve !== 'accepted')) {
      await this.#send(resolveOf(service));
    }
  }

  #next(): Delivery {
    const { random } = this.#options;
    const retry = this.#retries.shift();
    if (retry !== undefined) return retry;
    const first = this.services.length === 0 || random.chance(0.15) ? this.#first() : null;
    if (first !== null) return first;
    const recent = this.services.slice(-12);
    const service = random.pick(recent) ?? this.#open(false);
    const kind = random.next();
    if (kind < 0.1 && service.resolve === 'none' && service.inFlight === 0 && this.#mayEnd(service)) {
      return resolveOf(service);
    }
    const repeated = random.pick(service.alerts.filter((alert) => alert.accepted));
    if ((kind < 0.6 || service.resolve !== 'none') && repeated !== undefined) {
      return { service, status: 'firing', alerts: [repeated] };
    }
    return service.resolve === 'none' ? another(service) : another(this.#open(false));
  }

  #mayEnd(service: Service): boolean {
    return service.alerts.length > 0 && (!service.planned || this.#options.isBack(service.name));
  }

  #first(): Delivery | null {
    const planned = this.#planned.shift();
    if (planned !== undefined) return another(this.#open(true, planned));
    if (this.#newServices === 0) return null;
    this.#newServices -= 1;
    return another(this.#open(false));
  }

  #open(planned: boolean, name = `service-${this.services.length}`): Service {
    const service: Service = { name, planned, alerts: [], inFlight: 0, resolve: 'none' };
    this.services.push(service);
    return service;
  }

  /** Returns whether it was accepted. */
  async #send(delivery: Delivery): Promise<boolean> {
    const { service, status, alerts } = delivery;
    if (status === 'firing' && service.resolve !== 'none' && alerts.some((alert) => !alert.accepted)) return true;
    if (status === 'resolved') service.resolve = 'sent';
    service.inFlight += 1;
    this.#unanswered += 1;
    const body = JSON.stringify({ version: '4', alerts: alerts.map((alert) => wireOf(alert, status)) });
    const answers = await Promise.all(this.#options.urls().map((url) => this.#post(url, body)));
    service.inFlight -= 1;
    this.#unanswered -= 1;
    if (answers.some((answer) => answer?.status === 200)) {
      this.#accept(delivery);
      return true;
    }
    // Who was refused comes again; who got no answer may never.
    if (answers.some((answer) => answer !== null) || this.#options.random.chance(0.5)) this.#retries.push(delivery);
    return false;
  }

  #accept({ service, status, alerts }: Delivery): void {
    const isNews = status === 'firing' && alerts.some((alert) => !alert.accepted);
    if (status === 'resolved') service.resolve = 'accepted';
    else for (const alert of alerts) alert.accepted = true;
    this.#onAccepted(isNews);
  }

  async #post(url: string, body: string): Promise<Answer | null> {
    try {
      const answer = await post(url, body);
      const name = answer.code === null ? String(answer.status) : `${answer.status} ${answer.code}`;
      this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
      return answer;
    } catch (error) {
      if (error instanceof WrongAnswer) this.complaints.push(error.message);
      this.answers.set('none', (this.answers.get('none') ?? 0) + 1);
      return null;
    }
  }
}

class WrongAnswer extends Error {}

/** Posts a delivery. Rejects when there is no answer, and when it is one that a sender must not get. */
export async function post(url: string, body: string): Promise<Answer> {
  const response = await fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  const said = (await response.json()) as { error?: { code: string } };
  if (response.status === 200) return { status: 200, code: null };
  const retryAfter = response.headers.get('retry-after');
  if (response.status !== 503 || !/^[1-9]\d*$/.test(retryAfter ?? '')) {
    throw new WrongAnswer(`HTTP ${response.status}, Retry-After ${retryAfter}: ${JSON.stringify(said)}`);
  }
  return { status: 503, code: said.error?.code ?? '' };
}

/** Between two deliveries of a sender. */
const PACE_MS = 10;

let count = 0;

function another(service: Service): Delivery {
  count += 1;
  const alert = { name: `Alert${count}`, service: service.name, startsAt: new Date().toISOString(), accepted: false };
  service.alerts.push(alert);
  return { service, status: 'firing', alerts: [alert] };
}

const resolveOf = (service: Service): Delivery => ({ service, status: 'resolved', alerts: [...service.alerts] });

const wireOf = ({ name, service, startsAt }: SentAlert, status: 'firing' | 'resolved'): object => ({
  status,
  labels: { alertname: name, service, environment: 'production', severity: 'critical' },
  annotations: { summary: `${service} fails`, users_affected_percent: '95' },
  startsAt,
  endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString(),
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
