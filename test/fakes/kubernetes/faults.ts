/** What the next matching requests meet instead of an answer. */
export interface Fault {
  readonly method?: string;
  readonly path?: RegExp;
  /** Answered without looking at the request. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The request takes effect, and the connection breaks before the answer. */
  readonly dropAfterApply?: boolean;
  /** The connection breaks and nothing takes effect. */
  readonly drop?: boolean;
  /** No answer ever comes. */
  readonly hang?: boolean;
  /** Done right before the request is handled, which then goes its usual way: somebody is quicker than the client. */
  readonly before?: () => void;
  /** How many requests; 1 unless told. */
  readonly times?: number;
}

export class Faults {
  readonly #waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** Takes the first fault that is meant for this request. */
  take(method: string, path: string): Fault | null {
    const index = this.#waiting.findIndex(
      ({ fault }) => (fault.method ?? method) === method && (fault.path?.test(path) ?? true),
    );
    const found = this.#waiting[index];
    if (found === undefined) return null;
    found.left -= 1;
    if (found.left <= 0) this.#waiting.splice(index, 1);
    return found.fault;
  }
}
