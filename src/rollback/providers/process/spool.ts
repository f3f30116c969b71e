import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;

/**
 * Where a program that runs in the background writes to: a file without a name. A pipe would break when this process
 * dies, and the first warning that the program writes after that would kill it in the middle of its work.
 */
export class Spool {
  readonly fd: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    const path = join(tmpdir(), `firebreak-${randomUUID()}`);
    this.fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
    unlinkSync(path);
  }

  #truncated = false;

  get truncated(): boolean {
    return this.#truncated || fstatSync(this.fd).size > this.#limit;
  }

  /** The end of what was written. */
  tail(): Buffer {
    const { size } = fstatSync(this.fd);
    const length = Math.min(size, this.#limit);
    const buffer = Buffer.alloc(length);
    const read = length === 0 ? 0 : readSync(this.fd, buffer, 0, length, size - length);
    return buffer.subarray(0, read);
  }

  /** Keeps a program that writes without end from filling the disk. */
  trim(): void {
    if (fstatSync(this.fd).size <= 16 * this.#limit) return;
    const kept = this.tail();
    ftruncateSync(this.fd, 0);
    writeSync(this.fd, kept);
    this.#truncated = true;
  }

  close(): void {
    closeSync(this.fd);
  }
}
