import { runCli } from '../../src/cli/index.ts';
import { routingOf } from './support/incident.ts';
import type { CliActions, ConfigReport, ExplainReport } from '../../src/cli/ports.ts';

const DECISION = { rulesHash: 'cafe', conditions: [], facts: {}, unknownFacts: [] };

export const EXPLANATION: NonNullable<ExplainReport['explanation']> = {
  assessment: {
    severity: { ...DECISION, severity: 'P1', rule: 'p1-errors', because: 'a tenth fails', unclassified: false },
    rollback: { ...DECISION, action: 'hold', rule: null, because: 'nothing measured' },
    routing: routingOf(),
  },
  rules: [
    {
      stage: 'severity',
      rule: 'p1-errors',
      file: 'a.json',
      outcome: 'decided',
      because: 'a tenth fails',
      conditions: [],
    },
  ],
};

export const CONFIG: ConfigReport = {
  configPath: 'config/firebreak.yaml',
  sandbox: null,
  problems: [],
  settings: [{ key: 'http.port', value: '8080', from: 'default' }],
};

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was asked of the program: name of the action and its arguments. */
  readonly calls: readonly unknown[][];
}

export interface World {
  readonly actions?: Partial<CliActions>;
  readonly env?: Readonly<Record<string, string>>;
  readonly colour?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs a command line, with actions that find nothing wrong unless the test says otherwise. */
export async function run(argv: readonly string[], world: World = {}): Promise<Ran> {
  const calls: unknown[][] = [];
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env: world.env ?? {},
    colour: world.colour ?? false,
    read: async (path: string) => {
      const text = world.files?.[path];
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
    write: async (path: string, text: string) => void calls.push(['write', path, text]),
  };
  const code = await runCli(argv, { io, actions: noted({ ...fine, ...world.actions }, calls), version: '1.2.3' });
  return { code, out, err, calls };
}

const fine: CliActions = {
  serve: async () => 0,
  checkConfig: async () => CONFIG,
  checkRules: async () => ({ directory: 'rules', rules: 12, hash: 'cafe'.repeat(16), problems: [] }),
  testRules: async () => ({
    problems: [],
    results: [{ file: 'tests/a.json', name: 'is P1', passed: true, differences: [] }],
  }),
  explainRules: async () => ({ problems: [], explanation: EXPLANATION }),
  verify: async () => ({ checked: 3, faults: [] }),
  migrate: async () => ({ applied: [1, 2] }),
  doctor: async () => ({
    configPath: 'config/firebreak.yaml',
    checks: [{ name: 'database', status: 'ok', message: 'PostgreSQL 18.4 answers', advice: null }],
  }),
  importSetup: async () => ({
    at: '2024-01-15T14:32:15.000Z',
    alertmanager: { url: 'http://alertmanager:9093', version: '0.25.0', receivers: ['pagerduty'] },
    prometheus: null,
    alerts: 0,
    services: [],
    heartbeats: { configured: ['Watchdog'], found: [] },
    judged: [],
  }),
};

const noted = (actions: CliActions, calls: unknown[][]): CliActions =>
  new Proxy(actions, {
    get:
      (target, name: keyof CliActions) =>
      (...args: unknown[]) => {
        calls.push([name, ...args]);
        return (target[name] as (...all: unknown[]) => unknown)(...args);
      },
  });
