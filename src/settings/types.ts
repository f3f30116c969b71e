import type { Policy } from '../domain/policy.ts';
import type { Secret } from '../domain/secret.ts';

/** Everything that was configured, checked and complete. Immutable for the life of the program. */
export interface Settings {
  /** The file that was read; null when there was none and everything is the default. */
  readonly configPath: string | null;
  /** Effects are recorded and shown, not sent. */
  readonly sandbox: boolean;
  /** Why `sandbox` is on, for people; null when it is off. */
  readonly sandboxReason: string | null;
  readonly notifications: 'send' | 'observe';
  readonly http: HttpSettings;
  readonly api: { readonly tokens: readonly ApiToken[] };
  /** `embedded:<directory>`, `postgres://…` or `postgresql://…`; a secret, because it may hold a password. */
  readonly database: { readonly url: Secret };
  /** Absolute. */
  readonly rulesDir: string;
  readonly logLevel: LogLevel;
  readonly alertmanager: AlertmanagerSettings | null;
  readonly prometheus: PrometheusSettings | null;
  readonly pagerduty: PagerdutySettings | null;
  readonly slack: SlackSettings | null;
  readonly webhooks: readonly OutboundWebhook[];
  readonly email: EmailSettings | null;
  readonly statuspage: StatuspageSettings | null;
  readonly kubernetes: { readonly clusters: Readonly<Record<string, ClusterSettings>> };
  readonly argocd: { readonly url: string; readonly token: Secret } | null;
  /** Endpoints of the team's own that roll back on request, by the name that steps use. */
  readonly rollbackWebhooks: Readonly<Record<string, { readonly url: string; readonly secret: Secret }>>;
  /** Programs and variables that steps of the provider `command` may use. */
  readonly commands: { readonly allowed: readonly string[]; readonly environment: readonly string[] };
  readonly helm: { readonly path: string; readonly environment: readonly string[] };
  readonly audiences: Readonly<Record<AudienceName, Audience>>;
  /** An outside dead-man's switch that Firebreak pings. */
  readonly heartbeat: { readonly url: string; readonly everySeconds: number } | null;
  readonly policy: Policy;
  /** Where a value came from, by its path in the configuration; what is not here is a default. */
  readonly origins: ReadonlyMap<string, Origin>;
}

export type Origin = 'file' | 'environment' | 'option';

interface HttpSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** How people reach the console, without a slash at the end; null: the address it listens on. */
  readonly publicUrl: string | null;
  readonly maxBodyBytes: number;
  readonly webhookAuth: WebhookAuth;
}

/** What a webhook may prove itself with; any one is enough. Lists, so that a secret can be rotated. */
interface WebhookAuth {
  readonly bearerTokens: readonly Secret[];
  readonly basic: readonly { readonly username: string; readonly password: Secret }[];
  readonly hmacSecrets: readonly Secret[];
}

export const ROLES = ['viewer', 'responder', 'admin'] as const;
export type Role = (typeof ROLES)[number];

interface ApiToken {
  /** Who acts, in the timeline and the audit; unique. */
  readonly name: string;
  readonly role: Role;
  readonly token: Secret;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

interface AlertmanagerSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, Secret>>;
}

interface PrometheusSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly timeoutSeconds: number;
}

interface PagerdutySettings {
  readonly routingKey: Secret;
  /** `host` or `host:port`, no scheme. */
  readonly server: string;
  /** Empty: `POST /webhooks/pagerduty` refuses everything. */
  readonly webhookSecrets: readonly Secret[];
  /** Of the REST API; null: notes are not written there. */
  readonly apiToken: Secret | null;
  /** The e-mail address of a user there, in whose name notes are written. Set where the token is. */
  readonly from: string | null;
  readonly apiUrl: string;
}

export interface SlackSettings {
  readonly token: Secret;
  /** Null, and no others: interactions and commands from Slack are refused. */
  readonly signingSecret: Secret | null;
  readonly signingSecrets: readonly Secret[];
  readonly channel: string;
  readonly apiUrl: string;
  /** Who acts, in the timeline, and what they may do; by the id of the Slack user. */
  readonly users: Readonly<Record<string, { readonly name: string; readonly role: Role }>>;
  /** What the members of a Slack user group may do. */
  readonly groups: Readonly<Record<string, Role>>;
  /** Of everybody else in the workspace. */
  readonly defaultRole: Role;
  /** In one channel; what comes faster waits. */
  readonly messagesPerSecond: number;
}

interface OutboundWebhook {
  readonly name: string;
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: Secret;
}

interface EmailSettings {
  /** A secret, because it may hold a password. */
  readonly smtpUrl: Secret;
  readonly from: string;
  readonly to: readonly string[];
}

interface StatuspageSettings {
  readonly apiKey: Secret;
  readonly pageId: string;
  readonly apiUrl: string;
  readonly publish: 'automatic' | 'approval';
  /** The page's components that a service stands for, by their ids. */
  readonly components: Readonly<Record<string, readonly string[]>>;
}

interface ClusterSettings {
  /** Use the service account of the pod that Firebreak runs in; then the other two are null. */
  readonly inCluster: boolean;
  /** Absolute; null: where kubectl would look. */
  readonly kubeconfig: string | null;
  /** Null: the file's current context. */
  readonly context: string | null;
}

type AudienceName = 'team' | 'stakeholders' | 'customers';

interface Audience {
  readonly slackChannel: string | null;
  readonly email: readonly string[];
  /** Message texts by kind, where they are not the shipped ones. */
  readonly templates: Readonly<Record<string, string>>;
}

/** One thing that is wrong with the configuration. Never holds a secret's value. */
export interface Problem {
  /** A path in the configuration, an environment variable, an option or a file. */
  readonly field: string;
  readonly message: string;
}
