import type { Command } from '../../domain/incident/commands.ts';

/** A command but for who asks. */
type Unsaid<C> = C extends Command ? Omit<C, 'by' | 'via'> : never;

/** What people can do from Slack. */
export type Deed = Unsaid<
  Extract<
    Command,
    {
      kind:
        | 'acknowledge'
        | 'take-command'
        | 'override-severity'
        | 'release-severity'
        | 'declare-fix'
        | 'approve-rollback'
        | 'abort-rollback'
        | 'request-rollback'
        | 'write-update'
        | 'add-note'
        | 'dismiss'
        | 'resolve'
        | 'approve-publication';
    }
  >
>;

export const MODALS = ['update', 'note', 'dismiss', 'resolve'] as const;
export type ModalName = (typeof MODALS)[number];

/** What somebody means, read from a button, a modal or the command. `incidentId` null: the only open one of the channel. */
export type Ask =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'handover' }
  | { readonly kind: 'show'; readonly incidentId: string | null }
  | {
      readonly kind: 'do';
      readonly incidentId: string | null;
      readonly deed: Deed;
      /**
       * The plan that was looked at, whole or its beginning: what was decided about another one is not done. Null: there
       * was none yet. Absent: whatever it is.
       */
      readonly plan?: string | null;
    }
  | { readonly kind: 'open-modal'; readonly incidentId: string; readonly modal: ModalName }
  | { readonly kind: 'unclear'; readonly because: string };

export const unclear = (because: string): Ask => ({ kind: 'unclear', because });
