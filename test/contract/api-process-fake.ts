import type { ApiBackend } from '../../src/api/ports.ts';
import { gateOf } from '../../src/domain/gate.ts';
import { diagnosisOf } from '../../src/domain/incident/diagnosis.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { opened, policyWith } from '../unit/support/incident.ts';

type ProcessBackend = Pick<ApiBackend, 'addEvidence' | 'diagnosis' | 'recordFix' | 'listActions' | 'gate'>;

/** The part of the port that is about diagnosis, fix and learning, in memory. `now` is an RFC 3339 time. */
export const fakeProcess = (
  incidents: ReadonlyMap<string, IncidentState>,
  carryOut: ApiBackend['carryOut'],
  now: string,
): ProcessBackend => ({
  addEvidence: (id, { name: by, via }, { kind: evidence, title, url, text, question }) => {
    const asked = question === null ? null : { kind: 'failed', reason: 'no Prometheus is configured' };
    const query = question?.promql ?? null;
    return carryOut(id, { kind: 'add-evidence', evidence, title, url, text, query, result: asked, by, via });
  },
  diagnosis: (id) => {
    if (!incidents.has(id)) return Promise.resolve(null);
    const { must: state, events } = opened('P1');
    return Promise.resolve(diagnosisOf({ state, events, changes: [], earlier: [], policy: policyWith() }));
  },
  recordFix: (id, { name: by, via }, { at, ...fix }) =>
    carryOut(id, { kind: 'record-fix', ...fix, at: at ?? now, by, via }),
  listActions: ({ status, owner, overdue, limit }) => {
    const items = [...incidents.values()].flatMap(({ id: incidentId, title, service, severity, actions }) =>
      actions.map((item) => ({
        ...item,
        ...{ incidentId, title, service, severity: severity ?? 'P2' },
        overdue: item.status === 'open' && item.dueAt !== null && item.dueAt < now,
      })),
    );
    const wanted = items.filter(
      (item) =>
        (status.length === 0 || status.includes(item.status)) &&
        (owner === null || item.owner === owner) &&
        (!overdue || item.overdue),
    );
    return Promise.resolve(wanted.slice(0, limit));
  },
  gate: (service, version, environment) => {
    const states = [...incidents.values()].filter((state) => state.service === service);
    return Promise.resolve(gateOf({ service, version, environment, isKnown: service === 'checkout' }, states));
  },
});
