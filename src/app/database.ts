import { resolve } from 'node:path';
import type { ConnectionSettings } from '../store/database.ts';
import { startOwnPostgres } from '../store/postgres/index.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface DatabaseServer {
  readonly connection: ConnectionSettings;
  /** The server is ours: no other Firebreak writes to it. */
  readonly exclusive: boolean;
  stop(): Promise<void>;
}

const EMBEDDED = 'embedded:';

/** Starts our own server for `embedded:<directory>`, or uses the one that the URL names. */
export async function startDatabase(url: string, log: Logger, signal: AbortSignal): Promise<DatabaseServer> {
  if (!url.startsWith(EMBEDDED)) {
    return { connection: { connectionString: url }, exclusive: false, stop: () => Promise.resolve() };
  }
  const own = await startOwnPostgres({ directory: resolve(url.slice(EMBEDDED.length)), log, signal });
  own.onUnexpectedExit((exit) => {
    log.error({ exit }, 'the database server ended by itself and is being restarted');
  });
  return { connection: own.connection, exclusive: true, stop: () => own.stop() };
}
