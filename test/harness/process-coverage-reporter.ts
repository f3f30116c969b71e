import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gapsOf, namedTests, notPassed, notThere, readCoverage } from './process-coverage.ts';
import type { TestOutcome } from './process-coverage.ts';

const LIST = 'docs/process-coverage.json';

interface GlobalConfig {
  readonly rootDir: string;
  readonly nonFlagArgs: readonly string[];
  readonly testNamePattern?: string;
  readonly onlyChanged: boolean;
  readonly onlyFailures: boolean;
  readonly findRelatedTests: boolean;
  readonly runTestsByPath: boolean;
  readonly watch: boolean;
  readonly watchAll: boolean;
  readonly shard?: object;
}

interface Results {
  readonly wasInterrupted: boolean;
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly testResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

interface Options {
  /** A line that no test proves fails the run. */
  readonly gapsFail: boolean;
}

/**
 * Fails the run when a line of the process is not proved: no test is named for it, or one that is named does not exist,
 * or (where everything was run) was not run or did not pass.
 */
export default class ProcessCoverageReporter {
  readonly #config: GlobalConfig;
  readonly #options: Options;
  #fault: Error | null = null;

  constructor(config: GlobalConfig, options: Options) {
    this.#config = config;
    this.#options = options;
  }

  onRunComplete(_contexts: unknown, results: Results): void {
    const { rootDir } = this.#config;
    const { lines, faults } = readCoverage(readFileSync(join(rootDir, LIST), 'utf8'));
    const named = namedTests(lines);
    const gaps = gapsOf(lines).map(({ id, line }) => `${id}: no test is named for it: ${line}`);
    const sourceOf = (file: string): string | null =>
      existsSync(join(rootDir, file)) ? readFileSync(join(rootDir, file), 'utf8') : null;
    const wrong = [
      ...faults,
      ...(this.#options.gapsFail ? gaps : []),
      ...notThere(named, sourceOf),
      ...(isWhole(this.#config, results) ? notPassed(named, outcomesOf(results, rootDir)) : []),
    ];
    if (wrong.length > 0) this.#fault = new Error(`${LIST}:\n${wrong.map((each) => `  ${each}`).join('\n')}`);
  }

  /** Jest fails the run for it. */
  getLastError(): Error | undefined {
    if (this.#fault !== null) process.stderr.write(`\n${this.#fault.message}\n`);
    return this.#fault ?? undefined;
  }
}

function isWhole(config: GlobalConfig, { wasInterrupted }: Results): boolean {
  const { nonFlagArgs, testNamePattern, onlyChanged, onlyFailures, findRelatedTests, runTestsByPath } = config;
  const narrowed = onlyChanged || onlyFailures || findRelatedTests || runTestsByPath || config.watch || config.watchAll;
  return (
    nonFlagArgs.length === 0 &&
    (testNamePattern ?? '') === '' &&
    config.shard === undefined &&
    !narrowed &&
    !wasInterrupted
  );
}

const outcomesOf = ({ testResults }: Results, rootDir: string): readonly TestOutcome[] =>
  testResults.flatMap(({ testFilePath, testResults: tests }) =>
    tests.map(({ fullName, status }) => ({ file: relative(rootDir, testFilePath), name: fullName, status })),
  );
