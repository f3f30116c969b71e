import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** Of both sides, so that neither the content nor the length of a secret shows in the time a comparison takes. */
export const digest = (value: string | Buffer): Buffer => hash('sha256', value, 'buffer');

/** Whether any of the digests is the one given. Compares with all of them, whatever it finds. */
export function isAmong(presented: Buffer, digests: readonly Buffer[]): boolean {
  let found = false;
  for (const known of digests) found = timingSafeEqual(presented, known) || found;
  return found;
}

const HEX_SHA256 = /^[0-9a-f]{64}$/i;
/** Rotation needs two; more would only make us work. */
const MOST_SIGNATURES = 8;

/** The hex values of `v1=<hex>[,v1=<hex>…]`. Other versions are passed over. */
export const versionOnes = (header: string): readonly string[] => signaturesOf(header, 'v1=');

/** The same of `v0=<hex>`, as Slack signs. */
export const versionZeros = (header: string): readonly string[] => signaturesOf(header, 'v0=');

const signaturesOf = (header: string, prefix: string): readonly string[] =>
  header
    .split(',', MOST_SIGNATURES)
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix))
    .map((part) => part.slice(prefix.length));

/** Whether any of the signatures (hex) is the HMAC-SHA256 of the parts, one after the other, under any of the secrets. */
export function isSigned(
  signatures: readonly string[],
  parts: readonly (string | Buffer)[],
  secrets: readonly string[],
): boolean {
  const presented = signatures.filter((signature) => HEX_SHA256.test(signature));
  let found = false;
  for (const secret of secrets) {
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(part);
    const expected = hmac.digest();
    for (const signature of presented) {
      found = timingSafeEqual(Buffer.from(signature, 'hex'), expected) || found;
    }
  }
  return found;
}

const MOST_SKEW_MS = 5 * 60_000;

/** Whether a signed time (Unix seconds) is near enough that the request is not a recording. */
export const isRecent = (seconds: string, now: number): boolean =>
  /^\d{1,12}$/.test(seconds) && Math.abs(Number(seconds) * 1000 - now) <= MOST_SKEW_MS;
