import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A self-signed certificate for 127.0.0.1 and localhost, made at the moment it is needed.
 *
 * How a client comes to trust it, without turning verification off:
 * - in a child process: start it with `NODE_EXTRA_CA_CERTS=<certFile>` (Node reads it once, at its start);
 * - in this process: `trust(cert)`, which adds it to Node's own list until the returned function is called. It acts on
 *   connections made later by anything that names no authorities of its own (node:https, fetch, axios, pdjs).
 */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  remove(): Promise<void>;
}

export const makeCertificate = async (): Promise<Certificate> => {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-certificate-'));
  const certFile = join(directory, 'cert.pem');
  const keyFile = join(directory, 'key.pem');
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=firebreak test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  await run('openssl', ['req', ...kind, ...subject, '-keyout', keyFile, '-out', certFile]);
  return {
    cert: await readFile(certFile, 'utf8'),
    key: await readFile(keyFile, 'utf8'),
    certFile,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
};

/** Trusts a certificate in this process. Returns what takes the trust back. */
export const trust = (cert: string): (() => void) => {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, cert]);
  return () => {
    tls.setDefaultCACertificates(before);
  };
};
