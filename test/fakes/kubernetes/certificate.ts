import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1';

const create = async (): Promise<Certificate> => {
  const directory = await mkdtemp(join(tmpdir(), 'fake-kubernetes-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-keyout', keyFile, '-out', certFile];
  try {
    const run = promisify(execFile);
    await run('openssl', [
      'req',
      '-x509',
      ...curve,
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      NAMES,
      ...files,
    ]);
    return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

let made: Promise<Certificate> | null = null;

/** A self-signed certificate for localhost, made once in this process: a key in the repository would be found there. */
export const selfSigned = (): Promise<Certificate> => (made ??= create());
