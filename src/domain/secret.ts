const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const SHOWN = '[secret]';

/**
 * A value that must not be shown. Printing, logging, inspecting or serialising it gives `[secret]`; only `reveal`
 * gives the value, so every place that uses one can be found by name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [INSPECT](): string {
    return SHOWN;
  }
}
