import type { EffectIntent, IncidentView } from '../../domain/view.ts';

/** What a receiver gets. Fields may be added; `version` changes only when one changes its meaning. */
export const bodyOf = (effect: EffectIntent, incident: IncidentView): string =>
  JSON.stringify({
    version: 1,
    effectId: effect.id,
    kind: effect.kind,
    incident,
    message: effect.message,
    data: effect.data,
  });
