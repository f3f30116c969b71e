import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FoundScenario } from './read.ts';
import { problemText, readScenarios } from './read.ts';
import type { Result } from './report.ts';
import { resultDetails, resultLine, resultOf, resultsJson, summaryLines } from './report.ts';
import { startBenchServer } from './server.ts';
import type { Worker } from './workers.ts';
import { serveAsWorker, startWorker } from './workers.ts';

const USAGE = `Usage: npm run bench:causes -- [PATH...] [--json] [--only ID] [--verbose]

Runs labelled incidents (YAML files, or folders of them) through the shipped rules and the real pipeline.
PATH is test/scenario/causes unless given. Exit code: 0 all ran, 1 a scenario could not be run, 2 a file or the usage is wrong.`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const asked = readArguments();
  if (asked === null) return 2;
  const { values, positionals } = asked;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const paths =
    positionals.length > 0 ? positionals : [fileURLToPath(new URL('../../scenario/causes', import.meta.url))];
  const { found, problems, warnings } = readScenarios(paths);
  for (const warning of warnings) console.error(`warning: ${problemText(warning)}`);
  for (const problem of problems) console.error(problemText(problem));
  if (problems.length > 0) return 2;
  const chosen = values.only === undefined ? found : found.filter(({ scenario }) => values.only?.includes(scenario.id));
  if (chosen.length === 0) {
    console.error(`no scenario${values.only === undefined ? '' : ` ${values.only.join(', ')}`} in ${paths.join(', ')}`);
    return 2;
  }
  const results = await runAll(chosen, (result) => {
    if (values.json) return;
    console.log(resultLine(result));
    if (values.verbose) for (const line of resultDetails(result)) console.log(line);
  });
  if (values.json) console.log(JSON.stringify(resultsJson(results, values.verbose), null, 2));
  else console.log(['', ...summaryLines(results)].join('\n'));
  return results.some(({ kind }) => kind === 'broke') ? 1 : 0;
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return null;
  }
}

/** In the order of the files, however the workers share them. */
async function runAll(scenarios: readonly FoundScenario[], tell: (result: Result) => void): Promise<readonly Result[]> {
  const server = await startBenchServer();
  const workers: Worker[] = [];
  try {
    const program = fileURLToPath(import.meta.url);
    // One more than there are processors: each waits for the store most of the time.
    const count = Math.min(scenarios.length, 4, availableParallelism() + 1);
    for (let at = 0; at < count; at += 1) workers.push(await startWorker(program, await server.database()));
    const results: (Result | undefined)[] = [];
    let next = 0;
    let told = 0;
    const work = async (worker: Worker): Promise<void> => {
      for (let at = next++; at < scenarios.length; at = next++) {
        const scenario = scenarios[at];
        if (scenario === undefined) return;
        results[at] = resultOf(scenario, await worker.run(scenario.scenario));
        for (let ready = results[told]; ready !== undefined; ready = results[told]) {
          tell(ready);
          told += 1;
        }
      }
    };
    await Promise.all(workers.map(work));
    return results.filter((result) => result !== undefined);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await server.stop();
  }
}

// A worker is this very program, so that there is one thing to start.
if (process.send === undefined) process.exitCode = await main();
else serveAsWorker();
