import { watch as watchDirectory } from 'node:fs';
import type { Clock } from '../domain/time.ts';
import { compileRules, type Compiled } from './compile.ts';
import { readRuleFiles } from './files.ts';
import { describeProblem, problem, type RuleProblem } from './problem.ts';
import type { RuleFile } from './rule-file.ts';
import type { RuleSet } from './rule-set.ts';

export interface ReloadOutcome {
  readonly ok: boolean;
  readonly at: number;
  /** Of the rules in force, which after a failed reload are the earlier ones. */
  readonly hash: string;
  readonly problems: readonly RuleProblem[];
}

export interface RuleStoreLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RuleStoreOptions {
  readonly directory: string;
  /** Fact names of the configuration. */
  readonly declaredFacts: readonly string[];
  readonly clock: Clock;
  readonly log: RuleStoreLog;
  readonly onReload?: (outcome: ReloadOutcome) => void;
  /** False: load once. */
  readonly watch?: boolean;
  readonly pollMs?: number;
  readonly debounceMs?: number;
  readonly readFiles?: (directory: string) => Promise<readonly RuleFile[]>;
  /** Calls back on any change below the directory until it is stopped. */
  readonly watcher?: (directory: string, onChange: () => void) => () => void;
}

/** The rules in force. */
export interface RuleStore {
  current(): RuleSet;
  lastReload(): ReloadOutcome;
  /** Looks at the files now. Resolves when what they hold is in force, or refused. */
  reload(): Promise<ReloadOutcome>;
  close(): void;
}

/** The rules cannot be used and there are no earlier ones: bad configuration. */
export class RulesError extends Error {
  readonly problems: readonly RuleProblem[];

  constructor(problems: readonly RuleProblem[]) {
    super(`the rules cannot be used:\n${problems.map((each) => `  ${describeProblem(each)}`).join('\n')}`);
    this.name = 'RulesError';
    this.problems = problems;
  }
}

/**
 * Loads the rules and keeps them up to date as files change. A set with a problem never replaces a good one. Throws
 * RulesError when the first set is bad.
 */
export async function createRuleStore(options: RuleStoreOptions): Promise<RuleStore> {
  const { declaredFacts, clock, log } = options;
  const attempt = async (): Promise<{ seen: string; compiled: Compiled }> => {
    const files = await readOrProblem(options);
    const seen = JSON.stringify(files);
    return { seen, compiled: 'problems' in files ? files : compileRules(files, declaredFacts) };
  };
  const first = await attempt();
  if (!first.compiled.ok) throw new RulesError(first.compiled.problems);

  let { seen } = first;
  let rules = first.compiled.ruleSet;
  let last: ReloadOutcome = { ok: true, at: clock.now(), hash: rules.hash, problems: [] };
  options.onReload?.(last);

  const reloadOnce = async (): Promise<ReloadOutcome> => {
    const next = await attempt();
    // The poll comes by every few seconds: the same bad file is told of once.
    if (next.seen === seen) return last;
    seen = next.seen;
    if (next.compiled.ok) rules = next.compiled.ruleSet;
    const problems = next.compiled.ok ? [] : next.compiled.problems;
    last = { ok: next.compiled.ok, at: clock.now(), hash: rules.hash, problems };
    report(log, last);
    options.onReload?.(last);
    return last;
  };
  let queue: Promise<unknown> = Promise.resolve();
  const reload = (): Promise<ReloadOutcome> => {
    const mine = queue.then(reloadOnce);
    queue = mine.catch(() => undefined);
    return mine;
  };
  const close = options.watch === false ? () => undefined : keepUp(options, reload);
  return { current: () => rules, lastReload: () => last, reload, close };
}

type Refused = Extract<Compiled, { ok: false }>;

async function readOrProblem(options: RuleStoreOptions): Promise<readonly RuleFile[] | Refused> {
  const read = options.readFiles ?? (async (directory: string) => (await readRuleFiles(directory)).rules);
  try {
    return await read(options.directory);
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [problem(options.directory, null, '', message)] };
  }
}

function report(log: RuleStoreLog, { ok, hash, problems }: ReloadOutcome): void {
  if (ok) log.info({ hash }, 'rules reloaded');
  else log.error({ hash, problems: problems.map(describeProblem) }, 'rules refused: the earlier ones stay in force');
}

/** Watchers miss what editors and ConfigMap symlinks do, so the files are also looked at every few seconds. */
function keepUp(options: RuleStoreOptions, reload: () => Promise<unknown>): () => void {
  const { directory, log, pollMs = 5_000, debounceMs = 200, watcher = watchFiles } = options;
  const look = (): void => {
    reload().catch((error: unknown) => {
      log.error({ error: String(error) }, 'rules could not be reloaded');
    });
  };
  let soon: NodeJS.Timeout | undefined;
  const onChange = (): void => {
    clearTimeout(soon);
    soon = setTimeout(look, debounceMs).unref();
  };
  const poll = setInterval(look, pollMs).unref();
  const stop = watcher(directory, onChange);
  return () => {
    clearTimeout(soon);
    clearInterval(poll);
    stop();
  };
}

/** A watcher that cannot start or that breaks is no fault: the poll goes on. */
function watchFiles(directory: string, onChange: () => void): () => void {
  try {
    const watching = watchDirectory(directory, { recursive: true, persistent: false }, onChange);
    watching.on('error', onChange);
    return () => {
      watching.close();
    };
  } catch {
    return () => undefined;
  }
}
