import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

/** The world as a command sees it. */
export interface CliIo {
  /** Standard output: results, and with --json nothing but JSON. */
  readonly out: (text: string) => void;
  /** Standard error: what went wrong, for people. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard output is a terminal that shows colours. */
  readonly colour: boolean;
  /** The text of a file; `-` is standard input. */
  readonly read: (path: string) => Promise<string>;
  /** Writes a file anew. */
  readonly write: (path: string, text: string) => Promise<void>;
}

export const processIo = (process: NodeJS.Process): CliIo => ({
  out: (text_) => {
    process.stdout.write(text_);
  },
  err: (text_) => {
    process.stderr.write(text_);
  },
  env: process.env,
  colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
  read: (path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8')),
  write: (path, text_) => writeFile(path, text_),
});
