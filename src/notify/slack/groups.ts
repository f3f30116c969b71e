import type { Failure } from '../../domain/failure.ts';
import type { Clock } from '../../domain/time.ts';
import type { SlackClientOptions } from './client.ts';
import { openSlack } from './client.ts';

/** Who was taken out of a group must not act for long because Slack does not answer. */
const FORGET_AFTER_MS = 3_600_000;

export interface Groups<Role extends string> {
  /** By the groups as they were read last; null: in none of them, or that is not known. */
  roleOf(userId: string): Role | null;
  /** Reads the members anew. */
  refresh(signal: AbortSignal): Promise<Failure | null>;
}

/** The members of Slack user groups. `groups`: what each may do; of several the one named first here counts. */
export function createGroups<Role extends string>(
  options: SlackClientOptions & { readonly clock: Clock },
  groups: Readonly<Record<string, Role>>,
  strongest: readonly Role[],
): Groups<Role> {
  let members: ReadonlyMap<string, Role> = new Map();
  let readAt = -Infinity;
  const byStrength = Object.entries(groups).sort(([, a], [, b]) => strongest.indexOf(b) - strongest.indexOf(a));
  return {
    roleOf: (userId) => (options.clock.now() - readAt > FORGET_AFTER_MS ? null : (members.get(userId) ?? null)),
    async refresh(signal) {
      const call = openSlack(options, signal);
      const found = new Map<string, Role>();
      for (const [usergroup, role] of byStrength) {
        const read = await call((web) => web.usergroups.users.list({ usergroup }));
        if (!read.ok) return read.failure;
        // The strongest was written first.
        for (const user of read.value.users ?? []) if (!found.has(user)) found.set(user, role);
      }
      members = found;
      readAt = options.clock.now();
      return null;
    },
  };
}
