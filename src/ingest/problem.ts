/** Why a body, or one alert of it, could not be read. */
export interface Problem {
  readonly code: 'invalid-body' | 'missing-field' | 'invalid-field' | 'too-many-alerts' | 'no-readable-alert';
  readonly message: string;
  /** A path like `alerts[3].labels.severity`; empty for the body itself. */
  readonly field: string;
}

/**
 * Thrown by the readers of fields and caught where an alert or a body is read; it never leaves the readers. Field by
 * field a result type would double the code of the path that must be fast.
 */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
