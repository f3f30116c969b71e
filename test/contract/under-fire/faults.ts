import type { ChannelName } from '../../../src/domain/view.ts';
import type { Servers } from './servers.ts';

export interface NamedFault {
  readonly name: string;
  /** How many faults it is. */
  readonly count: number;
  /** Breaks the call with this number, counted from zero; several faults break that call and those after it. */
  readonly arm: (servers: Servers, call: number) => void;
}

type HttpFault = Parameters<Servers['webhook']['misbehave']>[0];
type SmtpFault = Parameters<Servers['email']['misbehave']>[0];

const LOST: HttpFault = { mode: 'drop-after-apply' };

const HTTP: Readonly<Record<string, HttpFault | readonly HttpFault[]>> = {
  // First everywhere, so that the channels wait together.
  silent: { mode: 'timeout' },
  refused: { mode: 'down' },
  reset: { mode: 'reset' },
  'HTTP 500': { mode: 'status', status: 500, body: { message: 'oops' } },
  'HTTP 503 with Retry-After': { mode: 'status', status: 503, body: { message: 'later' }, retryAfter: 30 },
  'HTTP 429 with Retry-After': { mode: 'status', status: 429, body: { message: 'slow down' }, retryAfter: 60 },
  slow: { mode: 'slow', delayMs: 40 },
  'answer lost': LOST,
  'answer lost, then HTTP 500': [LOST, { mode: 'status', status: 500, body: { message: 'oops' } }],
  'answer lost, and lost again': [LOST, LOST],
  'answer garbled': { mode: 'garbage-after-apply' },
};

const SLACK: typeof HTTP = {
  ...HTTP,
  'says ratelimited': { mode: 'status', status: 200, body: { ok: false, error: 'ratelimited' } },
  'says internal_error': { mode: 'status', status: 200, body: { ok: false, error: 'internal_error' } },
};

const STATUSPAGE: typeof HTTP = {
  ...HTTP,
  'HTTP 420 with Retry-After': { mode: 'status', status: 420, body: { error: 'slow down' }, retryAfter: 60 },
};

const SMTP: Readonly<Record<string, SmtpFault | readonly SmtpFault[]>> = {
  silent: { at: 'greeting', how: 'silent' },
  refused: { at: 'sender', how: 'down' },
  'greeting 421': { at: 'greeting', how: 'refuse', code: 421, message: 'too many connections' },
  'greeting cut': { at: 'greeting', how: 'cut' },
  'greeting garbled': { at: 'greeting', how: 'garbage' },
  'login 454': { at: 'login', how: 'refuse', code: 454, message: 'try again' },
  'sender 451': { at: 'sender', how: 'refuse', code: 451, message: 'try again' },
  'recipient cut': { at: 'recipient', how: 'cut' },
  'message 452': { at: 'message', how: 'refuse', code: 452, message: 'disk full' },
  'message lost': { at: 'message', how: 'cut' },
  slow: { at: 'message', how: 'slow', delayMs: 40 },
  'answer lost': { at: 'message', how: 'lose-answer' },
  'answer lost, and lost again': Array(2).fill({ at: 'message', how: 'lose-answer' }) as SmtpFault[],
  'answer garbled': { at: 'message', how: 'garbage-after' },
};

const named = <Fault extends { readonly skip?: number }>(
  faults: Readonly<Record<string, Fault | readonly Fault[]>>,
  misbehave: (servers: Servers, fault: Fault) => void,
): readonly NamedFault[] =>
  Object.entries(faults).map(([name, given]) => {
    const all = [given].flat() as Fault[];
    return {
      name,
      count: all.length,
      arm: (servers, call) => {
        all.forEach((fault, i) => {
          // Faults wait for each other: only the first counts calls.
          misbehave(servers, { ...fault, skip: i === 0 ? call : 0 });
        });
      },
    };
  });

const http = (channel: Exclude<ChannelName, 'email'>, faults: typeof HTTP): readonly NamedFault[] =>
  named(faults, (servers, fault) => {
    servers[channel].misbehave(fault);
  });

export const FAULTS: Readonly<Record<ChannelName, readonly NamedFault[]>> = {
  pagerduty: http('pagerduty', HTTP),
  'pagerduty-notes': http('pagerduty-notes', HTTP),
  slack: http('slack', SLACK),
  email: named(SMTP, (servers, fault) => {
    servers.email.misbehave(fault);
  }),
  statuspage: http('statuspage', STATUSPAGE),
  webhook: http('webhook', HTTP),
};

/** How many calls a server has seen. */
export const callsTo = (servers: Servers, channel: ChannelName): number =>
  channel === 'email' ? servers.email.dialogues : servers[channel].requests.length;
