export type { Connection } from './database.ts';
export { DirectoryInUse, NoBinaries, WrongMajorVersion } from './errors.ts';
export type { Log } from './log.ts';
export { startOwnPostgres, type OwnPostgresOptions } from './own-postgres.ts';
export type { OwnPostgres } from './supervisor.ts';
