import type { Failure, FailureKind } from '../../domain/failure.ts';
import { oneLine, shorten } from '../text.ts';

const LONGEST_MESSAGE = 300;

/** What nodemailer says of a failure, as far as it is used here. */
interface SmtpError {
  readonly message?: string;
  readonly code?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/**
 * What an error means. Where the server said no, its answer counts. Without one all depends on whether the whole message
 * had gone out: `sentWhole`, and the server may have taken it.
 */
export const ofError = (error: unknown, sentWhole: boolean): Failure => {
  const { message, code = '', response = '', responseCode = 0 } = (error ?? {}) as SmtpError;
  const said = shorten(`e-mail: ${oneLine(message ?? 'the mail was not sent')}`, LONGEST_MESSAGE);
  if (responseCode >= 400) return { kind: ofReply(responseCode, response, code), message: said };
  if (sentWhole) return { kind: 'ambiguous', message: said };
  // An answer that is no SMTP comes from something in between, and says nothing about login or mail.
  return { kind: (response === '' ? WITHOUT_REPLY[code] : undefined) ?? 'unreachable', message: said };
};

/** What is wrong with the login or the mail itself stays wrong. All else that ends a dialogue means that nothing arrived. */
const WITHOUT_REPLY: Readonly<Record<string, FailureKind>> = {
  EAUTH: 'unauthorized',
  ENOAUTH: 'unauthorized',
  EOAUTH2: 'unauthorized',
  ECONFIG: 'rejected',
  EENVELOPE: 'rejected',
  EMESSAGE: 'rejected',
  ESTREAM: 'rejected',
  EREQUIRETLS: 'rejected',
  ERR_INVALID_URL: 'rejected',
};

const LOGIN_CODES: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** Enhanced codes (RFC 3463) of logins that failed. */
const LOGIN_ENHANCED = /^5\d\d[ -]5\.7\.[89]\b/;
/** "Not so fast" and "not so many" have no code of their own; policies of the moment answer 4.7. */
const TOO_FAST = /^4\d\d[ -]4\.7\.|\brate\b|throttl|too (many|fast|much)|\blimit/i;

const ofReply = (reply: number, response: string, code: string): FailureKind => {
  if (reply < 500) return TOO_FAST.test(response) ? 'rate-limited' : 'server';
  const isLogin = code === 'EAUTH' || LOGIN_CODES.has(reply) || LOGIN_ENHANCED.test(response);
  return isLogin ? 'unauthorized' : 'rejected';
};
