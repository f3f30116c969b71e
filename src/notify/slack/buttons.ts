import type {
  ActionsBlock,
  Button,
  ConfirmationDialog,
  KnownBlock,
  PlainTextElement,
  PlainTextOption,
  StaticSelect,
} from '@slack/web-api';
import { SEVERITIES } from '../../domain/severity.ts';
import type { IncidentView, Offers } from '../../domain/view.ts';
import { clean, oneLine, shorten } from '../text.ts';
import type { ActionName } from './actions.ts';
import { actionId, valueOf } from './actions.ts';

const LABEL = 75;
const CONFIRM_TITLE = 100;
const CONFIRM_TEXT = 300;
const CONFIRM_BUTTON = 30;

const plain = (text: string, limit: number): PlainTextElement => ({
  type: 'plain_text',
  // Alert text has emoji codes like `:tada:` as data.
  emoji: false,
  text: shorten(clean(text), limit) || '-',
});

interface Look {
  readonly style?: 'primary' | 'danger';
  readonly confirm?: ConfirmationDialog;
}

const button = (name: ActionName, text: string, value: string, look: Look = {}): Button => ({
  type: 'button',
  action_id: actionId(name),
  text: plain(text, LABEL),
  value,
  ...look,
});

const menu = (
  name: ActionName,
  placeholder: string,
  options: readonly PlainTextOption[],
  look: Look,
): StaticSelect => ({
  type: 'static_select',
  action_id: actionId(name),
  placeholder: plain(placeholder, LABEL),
  options: [...options],
  ...(look.confirm === undefined ? {} : { confirm: look.confirm }),
});

const option = (text: string, value: string): PlainTextOption => ({ text: plain(text, LABEL), value });

const sure = (
  title: string,
  text: string,
  yes: string,
  style: 'primary' | 'danger' = 'primary',
): ConfirmationDialog => ({
  title: plain(title, CONFIRM_TITLE),
  text: plain(text, CONFIRM_TEXT),
  confirm: plain(yes, CONFIRM_BUTTON),
  deny: plain('No', CONFIRM_BUTTON),
  style,
});

type Elements = ActionsBlock['elements'];

/**
 * What can be pressed under the incident's message: only what makes sense as it stands. The blocks have no ids, so Slack
 * draws them anew each time, and a menu forgets what was chosen in it.
 */
export function buttonsOf(incident: IncidentView, offers: Offers): KnownBlock[] {
  const rows = [rollbackRow(incident, offers), peopleRow(incident, offers), wordsRow(incident, offers)];
  return rows.filter((elements) => elements.length > 0).map((elements) => ({ type: 'actions', elements }));
}

function rollbackRow(incident: IncidentView, { approve, abort, fixMinutes }: Offers): Elements {
  const incidentId = incident.id;
  const what = oneLine(incident.rollback ?? '');
  const elements: Elements = [];
  if (approve !== null) {
    const confirm = sure('Approve the rollback?', what, 'Roll back');
    const value = valueOf({ incidentId, planHash: approve });
    elements.push(button('approve', 'Approve rollback', value, { style: 'primary', confirm }));
  }
  if (abort !== null) {
    const confirm = sure('Abort the rollback?', `It stops before its next step. ${what}`, 'Abort', 'danger');
    const value = valueOf({ incidentId, planHash: abort.planHash });
    elements.push(button('abort', 'Abort rollback', value, { style: 'danger', confirm }));
  }
  if (fixMinutes.length > 0) {
    const confirm = sure('A fix is near?', 'The rollback waits for it once, then goes ahead by itself.', 'It is');
    const options = fixMinutes.map((minutes) => option(`Fix in ${minutes} min`, valueOf({ incidentId, minutes })));
    elements.push(menu('fix', 'Fix in …', options, { confirm }));
  }
  return elements;
}

function peopleRow({ id: incidentId }: IncidentView, offers: Offers): Elements {
  const value = valueOf({ incidentId });
  const elements: Elements = [];
  if (offers.acknowledge) elements.push(button('acknowledge', 'Acknowledge', value, { style: 'primary' }));
  if (offers.takeCommand) elements.push(button('command', 'Take command', value));
  if (offers.severity) {
    const confirm = sure(
      'Change the severity?',
      'Yours stands until it is released, whatever the rules say.',
      'Change',
    );
    const severities = SEVERITIES.map((severity) => option(severity, valueOf({ incidentId, severity })));
    const release =
      offers.override === null
        ? []
        : [option(`Release ${offers.override}: rules decide`, valueOf({ incidentId, severity: 'release' }))];
    elements.push(menu('severity', 'Severity', [...severities, ...release], { confirm }));
  }
  if (offers.publish) {
    const confirm = sure('Publish to the status page?', 'Customers will read it.', 'Publish');
    elements.push(button('publish', 'Publish to status page', value, { style: 'primary', confirm }));
  }
  return elements;
}

/** Each opens a form, but for the last. */
function wordsRow({ id: incidentId }: IncidentView, offers: Offers): Elements {
  const value = valueOf({ incidentId });
  const elements: Elements = [];
  if (offers.update) elements.push(button('update', 'Update', value));
  if (offers.note) elements.push(button('note', 'Note', value));
  if (offers.resolve) elements.push(button('resolve', 'Resolve', value));
  if (offers.dismiss) elements.push(button('dismiss', 'False alarm', value, { style: 'danger' }));
  if (offers.update) elements.push(button('handover', 'Handover', value));
  return elements;
}
