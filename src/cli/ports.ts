import type { Assessment, ConditionRecord } from '../domain/decision.ts';
import type { Json } from '../domain/json.ts';

/** Where configuration and rules are, when the command line says so; what is absent was not given. */
export interface Locations {
  readonly config?: string;
  readonly rulesDir?: string;
}

export interface StoreOptions extends Locations {
  readonly databaseUrl?: string;
}

export interface ServeOptions extends StoreOptions {
  readonly host?: string;
  /** As written; checked with the rest of the configuration. */
  readonly port?: string;
  readonly logLevel?: string;
  /** Say on standard output, as JSON, what would be said to people. */
  readonly json?: boolean;
}

/** One thing that is wrong with the configuration. Never holds a secret's value. */
export interface ConfigProblem {
  readonly field: string;
  readonly message: string;
}

/** Thrown by every action that needs a configuration and has none that can be used: exit code 2. */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`);
    this.problems = problems;
  }
}

export interface ConfigReport {
  /** The file that was read; null: there is none, and everything is the default. */
  readonly configPath: string | null;
  /** Why effects are not sent; null when they are. */
  readonly sandbox: string | null;
  /** Empty: it can be used. */
  readonly problems: readonly ConfigProblem[];
  /** Every setting, secrets as `[secret]`; empty when there are problems. */
  readonly settings: readonly { readonly key: string; readonly value: string; readonly from: string }[];
}

export interface RuleProblem {
  readonly file: string;
  readonly rule: string | null;
  /** JSON pointer into the file; empty for the whole file. */
  readonly field: string;
  readonly message: string;
}

export interface RulesReport {
  readonly directory: string;
  /** How many rules there are. */
  readonly rules: number;
  /** Null when there are problems. */
  readonly hash: string | null;
  readonly problems: readonly RuleProblem[];
}

export interface RuleTestReport {
  /** Of rules or test files; with any, nothing was run. */
  readonly problems: readonly RuleProblem[];
  readonly results: readonly {
    readonly file: string;
    readonly name: string;
    readonly passed: boolean;
    readonly differences: readonly string[];
  }[];
}

export interface ExplainReport {
  /** Of the rules; with any, there is no explanation. */
  readonly problems: readonly RuleProblem[];
  readonly explanation: {
    readonly assessment: Assessment;
    readonly rules: readonly {
      readonly stage: string;
      readonly rule: string;
      readonly file: string;
      readonly outcome: 'decided' | 'outranked' | 'not-matched' | 'unknown';
      readonly because: string;
      readonly conditions: readonly ConditionRecord[];
    }[];
  } | null;
}

export interface VerifyReport {
  /** How many incidents were looked at. */
  readonly checked: number;
  /** `kind`: gap, altered, unlinked, cut-short, projection-differs; at event `seq`. */
  readonly faults: readonly {
    readonly id: string;
    readonly fault: { readonly kind: string; readonly seq: number };
  }[];
}

export interface MigrateReport {
  /** Numbers of the migrations that were applied now. */
  readonly applied: readonly number[];
}

export interface DoctorOptions extends StoreOptions {
  /** Page once, marked TEST, and resolve it again. */
  readonly sendTest?: boolean;
}

export interface DoctorCheck {
  /** What was looked at: `database`, `slack channel C0123`. */
  readonly name: string;
  /** `warning`: it works, or cannot be found out, and somebody should know. */
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it; null when there is nothing to do. */
  readonly advice: string | null;
}

export interface DoctorReport {
  readonly configPath: string | null;
  readonly checks: readonly DoctorCheck[];
}

export interface ImportOptions extends Locations {
  /** Usually those that are configured. */
  readonly alertmanager?: string;
  readonly prometheus?: string;
}

/** What an existing setup looks like to Firebreak. Texts are those of alerts, as they came. */
export interface ImportReport {
  readonly at: string;
  readonly alertmanager: { readonly url: string; readonly version: string; readonly receivers: readonly string[] };
  /** Null: it was not asked. */
  readonly prometheus: { readonly url: string; readonly rules: number } | null;
  /** How many alerts Alertmanager lists now. */
  readonly alerts: number;
  readonly services: readonly ProposedService[];
  /** Alerts that always fire: those that the configuration knows, and others that are called like one. */
  readonly heartbeats: { readonly configured: readonly string[]; readonly found: readonly string[] };
  /** By alert name: one line for each that is judged in the same way. */
  readonly judged: readonly JudgedAlert[];
}

export interface ProposedService {
  readonly name: string;
  /** It stands in the configuration already. */
  readonly configured: boolean;
  /** The label that named it. */
  readonly label: string;
  readonly environments: readonly string[];
  readonly alertNames: readonly string[];
  /** Alerts that fire now. */
  readonly alerts: number;
  readonly receivers: readonly string[];
  readonly owner: string | null;
  readonly runbookUrl: string | null;
  /** The team that the routing rules name for all of its alerts. */
  readonly specialist: string | null;
}

export interface JudgedAlert {
  readonly alertname: string;
  readonly service: string | null;
  /** Its label `severity`. */
  readonly labelled: string | null;
  readonly severity: string;
  readonly rule: string | null;
  readonly because: string;
  /** No rule fits it: it is P2 because nothing else is known. */
  readonly unclassified: boolean;
  readonly from: 'alertmanager' | 'prometheus';
  readonly alerts: number;
}

/**
 * What the command line needs of the program. Every action may throw `BadConfiguration`; what else they throw is a
 * failure at run time. None of them prints, but `serve`.
 */
export interface CliActions {
  /** Runs until it is stopped; resolves to the exit code. */
  serve(options: ServeOptions): Promise<number>;
  checkConfig(options: Locations): Promise<ConfigReport>;
  checkRules(options: Locations): Promise<RulesReport>;
  testRules(options: Locations): Promise<RuleTestReport>;
  explainRules(options: Locations, facts: Readonly<Record<string, Json>>): Promise<ExplainReport>;
  /** Proves every timeline, or one incident's. */
  verify(options: StoreOptions, incidentId: string | null): Promise<VerifyReport>;
  migrate(options: StoreOptions): Promise<MigrateReport>;
  /** Looks at everything that Firebreak needs, with its own credentials, and changes nothing. */
  doctor(options: DoctorOptions): Promise<DoctorReport>;
  /** Reads an existing setup and changes nothing. Throws when Alertmanager, or a Prometheus that was named, does not answer. */
  importSetup(options: ImportOptions): Promise<ImportReport>;
}
