import type { ModalView } from '@slack/web-api';
import { clean, oneLine, shorten } from '../text.ts';
import type { ModalOrigin } from './actions.ts';
import { actionId, metadataOfModal, MODAL_INPUT } from './actions.ts';
import type { ModalName } from './asks.ts';

interface Words {
  /** At most 24 characters. */
  readonly title: string;
  readonly submit: string;
  readonly label: string;
  readonly hint: string;
}

const WORDS: Readonly<Record<ModalName, Words>> = {
  update: {
    title: 'Status update',
    submit: 'Send',
    label: 'How does it stand?',
    hint: 'Goes to everybody who is told of this incident. The next one is due an interval from now.',
  },
  note: {
    title: 'Note',
    submit: 'Write',
    label: 'What is worth remembering?',
    hint: 'Stands in the timeline and in the thread.',
  },
  dismiss: {
    title: 'Dismiss as false alarm',
    submit: 'Dismiss',
    label: 'Why was it a false alarm?',
    hint: 'Takes it out of the statistics, retracts what was published and asks for a fix of the rule or alert.',
  },
  resolve: {
    title: 'Resolve the incident',
    submit: 'Resolve',
    label: 'Why is it over?',
    hint: 'Clocks and a rollback that is under way end with it.',
  },
};

const TITLE = 24;
/** Slack's own limit for an input. */
const LONGEST = 3_000;
/** As everywhere else for a reason. */
const LONGEST_REASON = 2_000;

/** The form that a button opens. */
export function modalOf(name: ModalName, origin: ModalOrigin): ModalView {
  const { title, submit, label, hint } = WORDS[name];
  return {
    type: 'modal',
    callback_id: actionId(name),
    private_metadata: metadataOfModal(origin),
    title: { type: 'plain_text', text: shorten(title, TITLE) },
    submit: { type: 'plain_text', text: submit },
    close: { type: 'plain_text', text: 'Cancel' },
    blocks: [
      { type: 'context', elements: [{ type: 'plain_text', emoji: false, text: oneLine(clean(origin.incidentId)) }] },
      {
        type: 'input',
        block_id: MODAL_INPUT,
        label: { type: 'plain_text', text: label },
        hint: { type: 'plain_text', text: hint },
        element: {
          type: 'plain_text_input',
          action_id: MODAL_INPUT,
          multiline: true,
          min_length: 1,
          max_length: name === 'update' || name === 'note' ? LONGEST : LONGEST_REASON,
          focus_on_load: true,
        },
      },
    ],
  };
}
