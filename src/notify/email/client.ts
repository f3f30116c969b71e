import { createTransport } from 'nodemailer';
import type { Failure } from '../../domain/failure.ts';
import type { Attachment } from '../ports.ts';
import { oneLine, shorten } from '../text.ts';
import { ofError } from './failure.ts';

export interface EmailClientOptions {
  /** `smtp://` or `smtps://`, with user, password and TLS options in it. Asked for at each mail, so it is revealed late. */
  readonly smtpUrl: () => string;
  /** For the whole of it: connecting, the dialogue and the message. */
  readonly timeoutMs: number;
}

/** One mail, ready to go. Nothing in it is parsed for addresses, files or links. */
export interface Mail {
  readonly from: string;
  readonly recipients: readonly string[];
  /** Recipients that are not to learn of each other. */
  readonly hidden: boolean;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly thread: string;
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly Attachment[];
}

export interface Refusal {
  readonly to: string;
  readonly because: string;
}

export type Sent =
  | { readonly kind: 'accepted'; readonly accepted: number; readonly refused: readonly Refusal[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Each step may take as long; the time for the whole is above them. */
const STEP_MS = 9_000;
const TIMEOUTS = { dnsTimeout: STEP_MS, connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS };

/**
 * Hands one mail to the server, once, over a connection of its own: incidents are few, and a connection that idles in a
 * pool is one that is dead when a mail is wanted. Trying again is the job queue's, which survives a restart.
 */
export const sendMail = async (options: EmailClientOptions, mail: Mail, signal: AbortSignal): Promise<Sent> => {
  const progress = { whole: false };
  try {
    const transport = createTransport({
      url: withoutOurs(options.smtpUrl()),
      ...TIMEOUTS,
      logger: progressLogger(progress),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const info = await transport.sendMail({
      ...contentOf(mail),
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
    });
    const refused = (info.rejectedErrors ?? []).map(({ recipient, response, message }) => ({
      to: recipient ?? 'unknown',
      because: shorten(oneLine(response ?? message), 200),
    }));
    return { kind: 'accepted', accepted: info.accepted.length, refused };
  } catch (error) {
    return { kind: 'failed', failure: ofError(error, progress.whole) };
  }
};

/** Connects and logs in, and sends nothing. Null: it went well. */
export const verifyMail = async ({ smtpUrl }: Pick<EmailClientOptions, 'smtpUrl'>): Promise<Failure | null> => {
  try {
    const transport = createTransport({ url: withoutOurs(smtpUrl()), ...TIMEOUTS });
    await transport.verify();
    return null;
  } catch (error) {
    return ofError(error, false);
  }
};

const contentOf = ({ recipients, hidden, messageId, thread, headers, attachments, ...mail }: Mail) => ({
  ...mail,
  // Objects, because a list of addresses in a string would be parsed.
  ...(hidden ? { to: 'undisclosed-recipients:;', bcc: recipients.map(asAddress) } : { to: recipients.map(asAddress) }),
  messageId,
  inReplyTo: thread,
  references: [thread],
  headers: { ...headers, 'Auto-Submitted': 'auto-generated' },
  attachments: attachments.map(({ filename, contentType, text }) => ({ filename, contentType, content: text })),
});

const asAddress = (address: string) => ({ name: '', address });

/** What the URL says wins over options in nodemailer, so what is ours to say is taken out of it. */
const OURS = [...Object.keys(TIMEOUTS), 'logger', 'debug', 'transactionLog', 'pool', 'url'];

const withoutOurs = (address: string): string => {
  const url = new URL(address);
  for (const name of OURS) url.searchParams.delete(name);
  return url.href;
};

/**
 * nodemailer reports a lost connection without saying how far the mail had come; its log does: an entry with the size,
 * once the last byte has gone out.
 */
const progressLogger = (progress: { whole: boolean }) => {
  const see = (entry: unknown): void => {
    const { tnx, outByteCount } = (entry ?? {}) as Record<string, unknown>;
    if (tnx === 'message' && outByteCount !== undefined) progress.whole = true;
  };
  return { trace: see, debug: see, info: see, warn: see, error: see, fatal: see };
};
