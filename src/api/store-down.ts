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

/** True when the error, or what caused it, means that the store is away and the same request may work later. */
export function isStoreDown(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) && !hasCode(error)) return false;
  if (saysStoreDown(error)) return true;
  if (depth >= DEEPEST || !(error instanceof Error)) return false;
  const inner: unknown[] =
    error instanceof AggregateError ? [error.cause, ...(error.errors as unknown[])] : [error.cause];
  return inner.some((cause) => isStoreDown(cause, depth + 1));
}

function saysStoreDown(error: Error | { readonly code: string }): boolean {
  const code = hasCode(error) ? error.code : '';
  if (SYSTEM_CODES.has(code) || SQLSTATES.test(code)) return true;
  if (code === 'ENOENT') return 'syscall' in error && error.syscall === 'connect';
  return error instanceof Error && DRIVER_MESSAGES.test(error.message);
}

const hasCode = (error: unknown): error is { readonly code: string } =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
