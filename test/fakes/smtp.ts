import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { makeCertificate } from './certificate.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
  readonly encrypted: boolean;
  readonly user: string | null;
}

/** The steps of the dialogue at which the server can misbehave. */
type Step = 'greeting' | 'login' | 'sender' | 'recipient' | 'message';

interface Misbehaviour {
  /** For how many dialogues; 1 unless told. */
  readonly times?: number;
  /** After so many dialogues that came as far; none unless told. */
  readonly skip?: number;
  /** Where; of no meaning for `down`. */
  readonly at: Step;
  /**
   * refuse: say no, with `code`. cut: drop the connection. silent: never answer. garbage: answer with what is no SMTP.
   * slow: answer after `delayMs`, and rightly. lose-answer: accept the mail, and drop the connection before saying so.
   * garbage-after: accept the mail, and say something that is no SMTP. down: refuse connections until `comeBack`.
   */
  readonly how: 'refuse' | 'cut' | 'silent' | 'garbage' | 'slow' | 'lose-answer' | 'garbage-after' | 'down';
  readonly code?: number;
  readonly message?: string;
  /** Only this recipient. */
  readonly to?: string;
  readonly delayMs?: number;
}

export interface FakeSmtp {
  /** With user and password in it, where the server wants them. */
  readonly url: string;
  /** Its own, where it has one: see certificate.ts on how to trust it. */
  readonly cert: string;
  /** Everything that was accepted, in order, repeats too. */
  readonly mails: readonly ReceivedMail[];
  /** Dialogues that were begun. */
  readonly dialogues: number;
  misbehave(how: Misbehaviour): void;
  /** Faults that have hit nothing yet. */
  pending(): number;
  /** Ends being down. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

export interface FakeSmtpOptions {
  /** TLS from the first byte. */
  readonly secure?: boolean;
  /** Plain at first, with STARTTLS on offer. */
  readonly startTls?: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

type Done = (error?: Error | null) => void;

/** A real SMTP server that keeps what it gets, and can be told to misbehave. */
export const startSmtp = async (options: FakeSmtpOptions = {}): Promise<FakeSmtp> => {
  const certificate = options.secure === true || options.startTls === true ? await makeCertificate() : null;
  const mails: ReceivedMail[] = [];
  let dialogues = 0;
  let faults: { readonly how: Misbehaviour; skip: number; left: number }[] = [];

  const nextFault = (at: Step, to?: string): Misbehaviour | undefined => {
    const fault = faults.find(({ how }) => how.at === at && (how.to === undefined || how.to === to));
    if (!fault) return undefined;
    if (fault.skip > 0) {
      fault.skip -= 1;
      return undefined;
    }
    fault.left -= 1;
    faults = faults.filter(({ left }) => left > 0);
    return fault.how;
  };

  const socketOf = (session: SMTPServerSession) =>
    [...server.connections].find((connection) => connection.session.id === session.id)?._socket;

  /** Goes on unless it is time to misbehave. */
  const step = (at: Step, session: SMTPServerSession, done: Done, to?: string): void => {
    const fault = nextFault(at, to);
    if (!fault) done();
    else misbehaveNow(fault, session, done);
  };

  const misbehaveNow = (fault: Misbehaviour, session: SMTPServerSession, done: Done): void => {
    switch (fault.how) {
      case 'refuse':
        done(refusal(fault));
        break;
      case 'garbage':
      case 'garbage-after':
        socketOf(session)?.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        break;
      case 'slow':
        void delay(fault.delayMs ?? 100).then(() => {
          done();
        });
        break;
      case 'cut':
      case 'lose-answer':
        socketOf(session)?.destroy();
        break;
      case 'silent':
        break;
      case 'down':
        // Dialogues that are under way go on; there is no new one.
        listening.close();
        done();
        break;
    }
  };

  const keep = async (session: SMTPServerSession, raw: string): Promise<void> => {
    const { mailFrom, rcptTo } = session.envelope;
    mails.push({
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      raw,
      parsed: await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true }),
      encrypted: session.secure,
      user: (session.user as string | undefined) ?? null,
    });
  };

  const server = new SMTPServer({
    secure: options.secure ?? false,
    ...(certificate === null ? {} : { cert: certificate.cert, key: certificate.key }),
    disableReverseLookup: true,
    closeTimeout: 1,
    authOptional: options.auth === undefined,
    allowInsecureAuth: true,
    disabledCommands: [...(options.auth ? [] : ['AUTH']), ...(options.startTls === true ? [] : ['STARTTLS'])],
    onConnect: (session, done) => {
      dialogues += 1;
      step('greeting', session, done);
    },
    onAuth: (auth, session, done) => {
      const isRight = auth.username === options.auth?.user && auth.password === options.auth?.pass;
      step('login', session, (error) => {
        if (error) done(error);
        else if (isRight) done(null, { user: auth.username });
        else done(Object.assign(new Error('5.7.8 wrong user or password'), { responseCode: 535 }));
      });
    },
    onMailFrom: (_address, session, done) => {
      step('sender', session, done);
    },
    onRcptTo: ({ address }, session, done) => {
      step('recipient', session, done, address);
    },
    onData: (stream, session, done) => {
      const taken = async (raw: string): Promise<void> => {
        const fault = nextFault('message');
        const isKept = fault === undefined || ['slow', 'lose-answer', 'garbage-after'].includes(fault.how);
        if (isKept) await keep(session, raw);
        if (fault) misbehaveNow(fault, session, done);
        else done();
      };
      // Who gives up in the middle of a message has sent none.
      void readAll(stream).then(taken, () => undefined);
    },
  });
  // Clients that give up in the middle are what is tested.
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const login = options.auth
    ? `${encodeURIComponent(options.auth.user)}:${encodeURIComponent(options.auth.pass)}@`
    : '';
  return {
    url: `${options.secure === true ? 'smtps' : 'smtp'}://${login}127.0.0.1:${port}`,
    cert: certificate?.cert ?? '',
    mails,
    get dialogues() {
      return dialogues;
    },
    misbehave: (how) => {
      const { skip = 0, times = 1 } = how;
      if (how.how === 'down' && skip === 0) listening.close();
      // The dialogue before the one that is refused is the one that ends the service.
      else faults.push({ how, skip: how.how === 'down' ? skip - 1 : skip, left: times });
    },
    pending: () => faults.length,
    comeBack: async () => {
      if (listening.listening) return;
      const again = once(listening, 'listening');
      listening.listen(port, '127.0.0.1');
      await again;
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(resolve);
      });
      for (const connection of server.connections) connection._socket.destroy();
      await closed;
      await certificate?.remove();
    },
  };
};

const refusal = ({ code = 451, message = 'not now' }: Misbehaviour): Error =>
  Object.assign(new Error(message), { responseCode: code });

const readAll = async (stream: AsyncIterable<unknown>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};
