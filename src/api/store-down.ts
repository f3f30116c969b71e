/** Of the system, when the database cannot be reached or went away. ENOENT: its Unix socket is not there. */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * Of PostgreSQL: connection exceptions (08), not enough resources (53), shutting down, crashed or starting (57P0x),
 * and a server that became a standby (25006).
 */
const SQLSTATES = /^(08...|53...|57P0[1-5]|25006)$/;

/** The driver and its pool say these without a code. */
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end)/;

/** How deep causes are followed: a loop of causes must not hang the answer. */
const DEEPEST = 5;

/** What may stand in something thrown. Looked at by shape: errors of the runtime itself may be of another realm. */
interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** True when the error, or what caused it, means that the store is away and the same request may work later. */
export function isStoreDown(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const thrown: Thrown = error;
  if (saysStoreDown(thrown)) return true;
  if (depth >= DEEPEST) return false;
  const inner: readonly unknown[] = Array.isArray(thrown.errors) ? thrown.errors : [];
  return [thrown.cause, ...inner].some((cause) => isStoreDown(cause, depth + 1));
}

function saysStoreDown({ code, message, syscall }: Thrown): boolean {
  if (code === 'ENOENT') return syscall === 'connect';
  if (typeof code === 'string') return SYSTEM_CODES.has(code) || SQLSTATES.test(code);
  return typeof message === 'string' && DRIVER_MESSAGES.test(message);
}
