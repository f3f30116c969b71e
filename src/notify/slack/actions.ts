import { SEVERITIES } from '../../domain/severity.ts';
import type { Severity } from '../../domain/severity.ts';
import { clean } from '../text.ts';
import type { Ask, Deed, ModalName } from './asks.ts';
import { MODALS, unclear } from './asks.ts';

/** What a button carries: which incident, and what it was about when the button was drawn. */
interface Carried {
  readonly incidentId: string;
  readonly planHash?: string | null;
  readonly minutes?: number;
  readonly severity?: Severity | 'release';
}

/** Slack takes 75 characters for the value of an option in a menu, so the names are short. */
export const valueOf = ({ incidentId, planHash, minutes, severity }: Carried): string =>
  JSON.stringify({ i: incidentId, h: planHash, m: minutes, s: severity });

function carriedIn(value: string): Carried | null {
  try {
    const { i, h, m, s } = JSON.parse(value) as Record<string, unknown>;
    if (typeof i !== 'string' || i === '' || i.length > 64) return null;
    const severity = s === 'release' ? s : SEVERITIES.find((each) => each === s);
    return {
      incidentId: i,
      ...(h === null || (typeof h === 'string' && /^[0-9a-f]{64}$/.test(h)) ? { planHash: h } : {}),
      ...(typeof m === 'number' ? { minutes: m } : {}),
      ...(severity === undefined ? {} : { severity }),
    };
  } catch {
    return null;
  }
}

const PREFIX = 'firebreak.';
export const actionId = (name: ActionName): string => `${PREFIX}${name}`;

export type ActionName =
  ModalName | 'acknowledge' | 'command' | 'severity' | 'fix' | 'approve' | 'abort' | 'publish' | 'handover';

/** What somebody means who presses a button or chooses from a menu of ours. */
export function readAction(id: string, value: string): Ask {
  const name = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : '';
  if (name === 'handover') return { kind: 'handover' };
  const carried = carriedIn(value);
  if (carried === null) return unclear('This button is not one of mine.');
  const modal = MODALS.find((each) => each === name);
  if (modal !== undefined) return { kind: 'open-modal', incidentId: carried.incidentId, modal };
  return readDeed(name, carried) ?? unclear('This button is not one of mine.');
}

function readDeed(name: string, { incidentId, planHash, minutes, severity }: Carried): Ask | null {
  const act = (deed: Deed): Ask => ({ kind: 'do', incidentId, deed });
  switch (name) {
    case 'acknowledge':
      return act({ kind: 'acknowledge' });
    case 'command':
      return act({ kind: 'take-command' });
    case 'publish':
      return act({ kind: 'approve-publication' });
    case 'fix':
      return minutes === undefined ? null : act({ kind: 'declare-fix', seconds: minutes * 60 });
    case 'severity':
      if (severity === undefined) return null;
      return severity === 'release'
        ? act({ kind: 'release-severity' })
        : act({ kind: 'override-severity', severity, because: 'chosen in Slack' });
    case 'approve':
      return planHash == null
        ? null
        : { kind: 'do', incidentId, deed: { kind: 'approve-rollback', planHash }, plan: planHash };
    case 'abort': {
      const deed: Deed = { kind: 'abort-rollback', because: 'the button in Slack' };
      return planHash === undefined ? null : { kind: 'do', incidentId, deed, plan: planHash };
    }
    default:
      return null;
  }
}

/** Where a modal was opened, so that it can be answered there. */
export interface ModalOrigin {
  readonly incidentId: string;
  readonly channelId: string | null;
  readonly threadTs: string | null;
}

export const metadataOfModal = (origin: ModalOrigin): string =>
  JSON.stringify({ i: origin.incidentId, c: origin.channelId, t: origin.threadTs });

export function originOf(metadata: string): ModalOrigin | null {
  try {
    const { i, c, t } = JSON.parse(metadata) as Record<string, unknown>;
    if (typeof i !== 'string' || i === '' || i.length > 64) return null;
    return { incidentId: i, channelId: typeof c === 'string' ? c : null, threadTs: typeof t === 'string' ? t : null };
  } catch {
    return null;
  }
}

/** The only input of each modal. */
export const MODAL_INPUT = 'text';

const MODAL_DEEDS: Readonly<Record<ModalName, (text: string) => Deed>> = {
  update: (text) => ({ kind: 'write-update', text }),
  note: (text) => ({ kind: 'add-note', text }),
  dismiss: (because) => ({ kind: 'dismiss', because }),
  resolve: (because) => ({ kind: 'resolve', because }),
};

/** What somebody means who submits a modal of ours. */
export function readView(callbackId: string, metadata: string, values: Readonly<Record<string, string>>): Ask {
  const name = callbackId.startsWith(PREFIX) ? callbackId.slice(PREFIX.length) : '';
  const modal = MODALS.find((each) => each === name);
  const origin = originOf(metadata);
  if (modal === undefined || origin === null) return unclear('This form is not one of mine.');
  const text = clean(values[MODAL_INPUT] ?? '').trim();
  if (text === '') return unclear('Write something.');
  return { kind: 'do', incidentId: origin.incidentId, deed: MODAL_DEEDS[modal](text) };
}
