import { readFileSync } from 'node:fs';
import type { CliActions, Locations, ServeOptions, StoreOptions } from '../cli/ports.ts';
import { BadConfiguration } from '../cli/ports.ts';
import type { FactSet } from '../domain/decision.ts';
import { describeSettings } from '../settings/describe.ts';
import type { LoadInput, LoadResult } from '../settings/load.ts';
import { loadSettings } from '../settings/load.ts';
import type { Settings } from '../settings/types.ts';
import type { Database } from '../store/database.ts';
import { openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { verifyAll, verifyTimeline } from '../store/timeline.ts';
import { createLogger } from '../telemetry/logger.ts';
import { declaredFactNames } from '../triage/catalogue.ts';
import { checkRules } from '../triage/check-rules.ts';
import { explain } from '../triage/explain.ts';
import { rulesOf } from '../triage/rule-set.ts';
import { startDatabase } from './database.ts';
import { examine } from './doctor/index.ts';
import { importSetup } from './import/index.ts';
import { asConfigProblem, serve } from './serve.ts';

export interface ActionsInput {
  readonly env: LoadInput['env'];
  readonly cwd: string;
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What the command line can do, on the real parts. */
export function createActions(input: ActionsInput): CliActions {
  const load = (options: StoreOptions | ServeOptions): LoadResult => loadWith(input, options);
  return {
    serve: (options) => serve({ ...input, settings: usable(load(options)), json: options.json === true }),
    checkConfig: (options) => Promise.resolve(configReport(load(options))),
    checkRules: async (options) => {
      const settings = usable(load(options));
      const { problems, ruleSet } = await rulesReport(settings, input.now());
      const rules = ruleSet === null ? 0 : rulesOf(ruleSet).length;
      return { directory: settings.rulesDir, rules, hash: ruleSet?.hash ?? null, problems };
    },
    testRules: async (options) => {
      const { problems, tests } = await rulesReport(usable(load(options)), input.now());
      return { problems, results: problems.length > 0 ? [] : tests };
    },
    explainRules: async (options, facts) => {
      const { problems, ruleSet } = await rulesReport(usable(load(options)), input.now());
      if (ruleSet === null) return { problems, explanation: null };
      const given: FactSet = { known: facts, unknown: [], sources: {} };
      return { problems: [], explanation: await explain(ruleSet, given, input.now()) };
    },
    verify: (options, incidentId) =>
      withDatabase(input, usable(load(options)), async (db) => {
        if (incidentId === null) return verifyAll(db);
        const fault = await verifyTimeline(db, incidentId);
        return { checked: 1, faults: fault === null ? [] : [{ id: incidentId, fault }] };
      }),
    doctor: async ({ sendTest, ...options }) => {
      const settings = usable(load(options));
      return examine({
        settings,
        rules: await rulesReport(settings, input.now()),
        database: (work) => withDatabase(input, settings, work),
        clock: { now: input.now },
        sendTest: sendTest === true,
      });
    },
    importSetup: async ({ alertmanager, prometheus, ...locations }) => {
      const settings = usable(load(locations));
      const { problems, ruleSet } = await rulesReport(settings, input.now());
      if (ruleSet === null) throw new BadConfiguration(problems.map(asConfigProblem));
      const sites = {
        ...(alertmanager === undefined ? {} : { alertmanager }),
        ...(prometheus === undefined ? {} : { prometheus }),
      };
      return importSetup(sites, settings, ruleSet, input.now());
    },
    migrate: (options) => withDatabase(input, usable(load(options)), async (db) => ({ applied: await migrate(db) })),
  };
}

function loadWith({ env, cwd }: ActionsInput, options: Locations & Partial<ServeOptions>): LoadResult {
  const overrides = Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'json'));
  return loadSettings({ env, cwd, overrides, readFile: (path) => readFileSync(path, 'utf8') });
}

function usable(loaded: LoadResult): Settings {
  if (!loaded.ok) throw new BadConfiguration(loaded.problems);
  return loaded.settings;
}

function configReport(loaded: LoadResult): Awaited<ReturnType<CliActions['checkConfig']>> {
  if (!loaded.ok) return { configPath: loaded.configPath, sandbox: null, problems: loaded.problems, settings: [] };
  const { settings } = loaded;
  const { configPath, sandboxReason: sandbox } = settings;
  return { configPath, sandbox, problems: [], settings: describeSettings(settings) };
}

const rulesReport = (settings: Settings, now: number): ReturnType<typeof checkRules> =>
  checkRules(settings.rulesDir, declaredFactNames(settings.policy), now);

/** Opens the configured database for one piece of work; our own server is started for it and stopped again. */
async function withDatabase<T>(
  { signal }: ActionsInput,
  settings: Settings,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const server = await startDatabase(settings.database.url.reveal(), createLogger('warn'), signal);
  try {
    const database = openDatabase(server.connection, { maxConnections: 2 });
    try {
      return await work(database.db);
    } finally {
      await database.close();
    }
  } finally {
    await server.stop();
  }
}
