import { readdirSync } from 'node:fs';
import { openDatabase, sql } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { testDatabase } from '../harness/database.ts';

const known = readdirSync(new URL('../../src/store/migrations/', import.meta.url)).filter((name) =>
  name.endsWith('.sql'),
);

let database: Awaited<ReturnType<typeof testDatabase>>;
let open: ReturnType<typeof openDatabase>[];
beforeEach(async () => {
  database = await testDatabase();
  open = Array.from({ length: 4 }, () => openDatabase(database.connection, { maxConnections: 2 }));
});
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  await database.drop();
});

const numbers = known.map((name) => Number(name.slice(0, 4)));

test('files are numbered from 1 without gaps', () => {
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test('four processes that start at once on an empty database: one migrates, all go on', async () => {
  const applied = await Promise.all(open.map(({ db }) => migrate(db)));
  expect(applied.filter((each) => each.length > 0)).toEqual([numbers]);
  const { rows } = await sql<{ n: number }>`select count(*) as n from schema_migrations`.execute(open[0]!.db);
  expect(rows[0]?.n).toBe(known.length);
  expect(await migrate(open[0]!.db)).toEqual([]);
});

test('a database that a newer version migrated is refused, and left as it is', async () => {
  const { db } = open[0]!;
  await migrate(db);
  await sql`insert into schema_migrations (number, name) values (9999, '9999_future.sql')`.execute(db);
  await expect(migrate(db)).rejects.toThrow('start the newer version');
});

test('a migration that cannot be applied leaves nothing of it', async () => {
  const { db } = open[0]!;
  await sql`create table incidents (in_the_way integer)`.execute(db);
  await expect(migrate(db)).rejects.toThrow('already exists');
  const { rows } = await sql`select from pg_tables where schemaname = 'public' and tablename <> 'incidents'`.execute(
    db,
  );
  expect(rows).toEqual([]);
});
