import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { reports, withServer } from '../session.ts';
import type { Session } from '../session.ts';
import { given, say, written } from './say.ts';

interface ServerOptions {
  readonly url?: string;
}

interface ReasonOptions extends ServerOptions {
  readonly because?: string;
}

/** What people decide about an incident as such. */
export function addLifecycle(incidents: Command, session: Session): void {
  for (const word of WORDS) addWord(incidents, session, word);
  addSeverity(incidents, session);
  addImpact(incidents, session);
  addOnset(incidents, session);
  addReasoned(incidents, session);
  addNote(incidents, session);
}

const WORDS = [
  { name: 'ack', path: 'acknowledge', what: 'Say that you are on it; stops the acknowledge clock' },
  { name: 'command', path: 'command', what: 'Take command of the incident' },
  { name: 'close', path: 'close', what: 'End the extended monitoring early; a P0 or P1 needs its post-mortem first' },
] as const;

function addWord(incidents: Command, session: Session, { name, path, what }: (typeof WORDS)[number]): void {
  const command = incidents.command(name).description(what).argument('<id>');
  reports<ServerOptions>(session, withServer(command), ({ url }, [id = '']) => say(session, url, id, path, {}));
}

function addSeverity(incidents: Command, session: Session): void {
  const severity = incidents
    .command('severity')
    .description('Set the severity, whatever the rules say, until it is released')
    .argument('<id>')
    .argument('[severity]', 'P0, P1, P2 or P3')
    .option('--because <text>', 'the reason, for the timeline')
    .option('--release', 'let the rules decide again');
  reports<ReasonOptions & { readonly release?: boolean }>(
    session,
    withServer(severity),
    ({ url, because, release }, [id = '', to]) => {
      if ((release === true) === (to !== undefined)) throw new UsageError('give a severity, or --release');
      if (release === true) return say(session, url, id, 'severity', { release });
      if (because === undefined) throw new UsageError('--because is missing: the timeline keeps the reason');
      return say(session, url, id, 'severity', { severity: to, because });
    },
  );
}

interface ImpactOptions extends ServerOptions {
  readonly percent?: string;
  readonly users?: string;
  readonly features?: string;
  readonly experience?: string;
  readonly tickets?: string;
  readonly revenue?: string;
  readonly satisfaction?: string;
  readonly brand?: string;
  readonly database?: string;
  readonly application?: string;
  readonly downstream?: string;
}

function addImpact(incidents: Command, session: Session): void {
  const impact = incidents
    .command('impact')
    .description('Say what you know of the impact; what is not given stays as it was')
    .argument('<id>')
    .option('--percent <number>', 'share of users affected; counts for the rules where nothing measures it')
    .option('--users <number>', 'how many users are affected')
    .option('--features <list>', 'what does not work, separated by commas')
    .option('--experience <text>', 'what users see')
    .option('--tickets <number>', 'support tickets')
    .option('--revenue <text>', 'what it costs')
    .option('--satisfaction <text>', 'what it does to satisfaction')
    .option('--brand <text>', 'what it does to the brand')
    .option('--database <text>', 'impact on the database')
    .option('--application <text>', 'impact on the application')
    .option('--downstream <text>', 'impact on what depends on it');
  reports<ImpactOptions>(session, withServer(impact), (options, [id = '']) => {
    const { url, percent, users, features, experience, tickets, ...texts } = options;
    const body = given({
      usersAffectedPercent: number('--percent', percent),
      usersAffected: number('--users', users),
      supportTickets: number('--tickets', tickets),
      features: features?.split(',').map((feature) => feature.trim()),
      errorExperience: experience,
      ...texts,
    });
    if (Object.keys(body).length === 0) throw new UsageError('say something of the impact, like --percent 40');
    return say(session, url, id, 'impact', body);
  });
}

function number(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const read = value.trim() === '' ? NaN : Number(value);
  if (Number.isNaN(read)) throw new UsageError(`${option}: "${value}" is not a number`);
  return read;
}

function addOnset(incidents: Command, session: Session): void {
  const onset = incidents
    .command('onset')
    .description('Correct when it began; the timeline keeps both')
    .argument('<id>')
    .argument('<time>', 'like 2024-01-15T14:32:15Z')
    .requiredOption('--because <text>', 'how you know');
  reports<ReasonOptions>(session, withServer(onset), ({ url, because }, [id = '', at]) =>
    say(session, url, id, 'onset', { at, because }),
  );
}

function addReasoned(incidents: Command, session: Session): void {
  const resolve = incidents
    .command('resolve')
    .description('Say that it is over; of a P0 or P1 without a fix also that it needs none')
    .argument('<id>')
    .option('--because <text>', 'the reason, for the timeline');
  reports<ReasonOptions>(session, withServer(resolve), ({ url, because }, [id = '']) =>
    say(session, url, id, 'resolve', given({ because })),
  );
  const dismiss = incidents
    .command('dismiss')
    .description('A false alarm: out of the statistics, public posts retracted, its rule to be mended')
    .argument('<id>')
    .requiredOption('--because <text>', 'why it was none');
  reports<ReasonOptions>(session, withServer(dismiss), ({ url, because }, [id = '']) =>
    say(session, url, id, 'dismiss', { because }),
  );
  const merge = incidents
    .command('merge')
    .description('Make it part of another incident, which goes on for both')
    .argument('<id>')
    .argument('<into>', 'the incident that goes on')
    .option('--because <text>', 'the reason, for the timeline');
  reports<ReasonOptions>(session, withServer(merge), ({ url, because }, [id = '', into]) =>
    say(session, url, id, 'merge', { into, ...given({ because }) }),
  );
}

function addNote(incidents: Command, session: Session): void {
  const note = incidents
    .command('note')
    .description('Write into the timeline')
    .argument('<id>')
    .argument('<text...>', 'the text; - reads standard input');
  reports<ServerOptions>(session, withServer(note), async ({ url }, [id = '', ...words]) =>
    say(session, url, id, 'notes', { text: await written(session, words) }),
  );
}
