import { fillTemplate } from '../domain/template.ts';
import type { EffectIntent, IncidentView } from '../domain/view.ts';
import type { Channel } from './ports.ts';
import { oneLine, shorten } from './text.ts';

const TITLE = 1_000;
const SERVICE = 100;

/** A message in the words that a team chose for an audience. What the incident says is data in it. */
export const filledTemplate = (template: string, effect: EffectIntent, incident: IncidentView): string =>
  fillTemplate(template, {
    severity: incident.severity,
    service: shorten(oneLine(incident.service ?? ''), SERVICE) || 'unknown service',
    title: shorten(oneLine(incident.title), TITLE),
    status: incident.status,
    message: effect.message,
    id: incident.id,
    environment: oneLine(incident.environment ?? '') || 'unknown',
    rollback: incident.rollback ?? 'none',
  });

/** The text for an audience by the kind of its news, or null where the shipped one is sent. */
export type TemplateFor = (audience: string, news: string) => string | null;

/** The same channel, saying what was meant for an audience in the words that were chosen for it. */
export const inItsWords = (channel: Channel, templateFor: TemplateFor): Channel => ({
  name: channel.name,
  deliver: (effect, context) => {
    const { audience, news } = effect.data;
    const template = typeof audience === 'string' && typeof news === 'string' ? templateFor(audience, news) : null;
    const said =
      template === null ? effect : { ...effect, message: filledTemplate(template, effect, context.incident) };
    return channel.deliver(said, context);
  },
});
