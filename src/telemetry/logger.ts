import { pino } from 'pino';

/** Structured logs on stderr, so that stdout stays for people and programs. ERROR wakes someone, a retry is WARN. */
export const createLogger = (level: string): pino.Logger =>
  pino(
    {
      level,
      base: null,
      serializers: { err: describeError },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Headers and configurations may be logged by mistake; what is secret in them is not.
      redact: {
        paths: ['*.authorization', '*.password', '*.token', 'headers.authorization', '*.headers.authorization'],
        censor: '[secret]',
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );

export type Logger = pino.Logger;

/** Errors of drivers carry their whole connection with them, credentials included; of an error only this is told. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
