import { Client } from 'pg';
import { openStore } from '../../src/store/store.ts';
import { testDatabase } from '../harness/database.ts';

type TestDatabase = Awaited<ReturnType<typeof testDatabase>>;

/** A database as the first start leaves it, of which copies are made: each costs less than to migrate an empty one. */
export interface Mould {
  copy(): Promise<TestDatabase>;
  drop(): Promise<void>;
}

export async function makeMould(): Promise<Mould> {
  const mould = await testDatabase();
  const log = { warn: () => undefined, error: () => undefined };
  const store = await openStore(mould.connection, { lateFiringMs: 0, refreshMs: 0, exclusive: false, log });
  // Nobody may be connected to what is copied.
  await store.close();
  const execute = async (statement: string): Promise<void> => {
    const client = new Client({ ...mould.connection, database: 'postgres' });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  let copies = 0;
  return {
    drop: () => mould.drop(),
    copy: async () => {
      const name = `${mould.name}_${(copies += 1)}`;
      await execute(`create database ${name} template ${mould.name}`);
      const connection = { ...mould.connection, database: name };
      return { name, connection, drop: () => execute(`drop database if exists ${name} with (force)`) };
    },
  };
}
