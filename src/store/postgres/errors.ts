/** Another live Firebreak process holds the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
  readonly directory: string;
  readonly owner: number | undefined;

  constructor(directory: string, owner: number | undefined) {
    const who = owner === undefined ? 'another Firebreak process' : `another Firebreak process (pid ${owner})`;
    super(
      `${directory} is in use by ${who}. Stop that one first, or give this one a directory of its own ` +
        '(embedded:<directory>) or a PostgreSQL server (FIREBREAK_DATABASE_URL).',
    );
    this.directory = directory;
    this.owner = owner;
  }
}

/** The data were written by another major version of PostgreSQL than the binaries are. */
export class WrongMajorVersion extends Error {
  override readonly name = 'WrongMajorVersion';
  readonly found: string;
  readonly expected: string;

  constructor(cluster: string, found: string, expected: string) {
    super(
      `${cluster} holds data of PostgreSQL ${found}, and the binaries installed here are ${expected}. Either dump the data ` +
        `with a PostgreSQL ${found} (pg_dump) and restore them into a new directory, or run a PostgreSQL server of ` +
        'that version yourself and point FIREBREAK_DATABASE_URL to it. Nothing was changed.',
    );
    this.found = found;
    this.expected = expected;
  }
}

/** There are no PostgreSQL binaries that run on this machine. */
export class NoBinaries extends Error {
  override readonly name = 'NoBinaries';

  constructor(detail: string, options?: ErrorOptions) {
    super(
      `No PostgreSQL binaries that run here: ${detail} Set FIREBREAK_DATABASE_URL to a PostgreSQL server instead.`,
      options,
    );
  }
}
