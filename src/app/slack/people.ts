import type { SlackRequest } from '../../ingest/ports.ts';
import type { Ask } from '../../notify/slack/asks.ts';
import type { Role, SlackSettings } from '../../settings/types.ts';
import { ROLES } from '../../settings/types.ts';

/** Somebody in Slack, as the timeline names them, with what they may do. */
export interface Person {
  readonly name: string;
  readonly role: Role;
}

/** What members of user groups may do, as far as it is known. */
export type GroupRole = (userId: string) => Role | null;

/**
 * A user who is configured has that name and role. Of the others the groups and then the default decide, and their name
 * comes with their id: anybody can choose any name in Slack. A guest from another workspace may look at most.
 */
export function personOf(
  user: SlackRequest['user'],
  settings: Pick<SlackSettings, 'users' | 'defaultRole'>,
  groupRole: GroupRole,
): Person {
  const known = Object.hasOwn(settings.users, user.id) ? settings.users[user.id] : undefined;
  if (known !== undefined) return known;
  const name = user.name === '' ? user.id : `${user.name} (${user.id})`;
  if (user.isGuest) return { name, role: 'viewer' };
  return { name, role: groupRole(user.id) ?? settings.defaultRole };
}

const rank = (role: Role): number => ROLES.indexOf(role);

/** Looking is everybody's; what changes something needs a responder, as in the API. */
export const mayAsk = ({ role }: Person, { kind }: Ask): boolean =>
  kind === 'do' || kind === 'open-modal' ? rank(role) >= rank('responder') : true;
