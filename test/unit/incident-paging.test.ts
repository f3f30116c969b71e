import type { PageReason } from '../../src/domain/incident/events.ts';
import {
  Incident,
  MINUTE,
  allResolved,
  assessmentOf,
  executing,
  firesAgain,
  judged,
  newsOf,
  opened,
  openingOf,
  planned,
  policyWith,
  recovers,
  step,
} from './support/incident.ts';

const pages = (incident: Incident): readonly PageReason[] => incident.all('page-requested').map((page) => page.reason);

test('a P0 is paged when it opens, with the reason for its severity', () => {
  const incident = opened('P0');
  expect(incident.all('page-requested')).toEqual([{ reason: 'first-page', because: 'it is P0' }]);
  expect(incident.must.page?.reason).toBe('first-page');
});

test.each(['P1', 'P2', 'P3'] as const)('a %s is not', (severity) => {
  expect(pages(opened(severity))).toEqual([]);
});

test('rising to P0 pages', () => {
  const incident = opened('P2');
  incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
  expect(pages(incident)).toEqual(['severity-raised']);
});

test('a P0 is paged once, however it goes up and down and whatever joins', () => {
  const incident = opened('P0');
  for (const severity of ['P1', 'P0', 'P2', 'P0'] as const) {
    incident.after(MINUTE).do({ kind: 'assess', assessment: assessmentOf(severity) });
    incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 5 }, ['Other']) });
  }
  expect(pages(incident)).toEqual(['first-page']);
});

test('a P0 that comes back is paged again, once', () => {
  const incident = opened('P0');
  incident.after(MINUTE).do(allResolved());
  incident.after(MINUTE).do(firesAgain);
  incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
  incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 2 }, ['Other']) });
  expect(pages(incident)).toEqual(['first-page', 'reopened']);
});

test('a P1 that comes back is not; as a P0 it is', () => {
  const incident = opened('P1');
  incident.after(MINUTE).do(allResolved());
  incident.after(MINUTE).do(firesAgain);
  expect(pages(incident)).toEqual([]);
  incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
  expect(pages(incident)).toEqual(['severity-raised']);
});

describe('a P1 whose rollback does not go as it should', () => {
  test.each(['cooldown', 'recent-change', 'target-unresolved', 'target-busy', 'rehearsal', 'kill-switch'] as const)(
    'is paged when %s stops it',
    (rail) => {
      const incident = opened('P1', 'roll-back');
      incident.do({ kind: 'stop-rollback', stop: { rail, because: 'of that' } });
      expect(incident.all('page-requested')).toEqual([
        { reason: 'rollback-stopped', because: 'rollback stopped: of that' },
      ]);
    },
  );

  test.each(['aborted', 'recovered-without-us', 'already-there', 'mode', 'plan-missing'] as const)(
    'is not paged when %s does: nobody has to be woken for that',
    (rail) => {
      const incident = opened('P1', 'roll-back');
      incident.do({ kind: 'stop-rollback', stop: { rail, because: 'of that' } });
      expect(pages(incident)).toEqual([]);
    },
  );

  test('is paged when the kill switch is on already', () => {
    expect(pages(opened('P1', 'roll-back', policyWith({ killSwitch: true })))).toEqual(['rollback-stopped']);
  });

  test('is paged when a step fails', () => {
    expect(pages(step(executing(opened('P1', 'roll-back')), 0, 'failed'))).toEqual(['rollback-stopped']);
  });

  test.each([
    ['not-recovered', 'fail', 'the last of 1 sample failed: errorRatio: it is a fail'],
    [
      'unknown',
      'unknown',
      'nobody can say whether the rollback helped: the last of 1 sample could not be judged: errorRatio: it is a unknown',
    ],
  ] as const)('is paged when the verdict is %s, with what the last sample said', (_verdict, result, because) => {
    const incident = judged(step(executing(opened('P1', 'roll-back'))), result);
    expect(incident.all('page-requested')).toEqual([{ reason: 'rollback-failed', because }]);
  });

  test('is not paged when it recovered', () => {
    expect(pages(recovers(step(executing(opened('P1', 'roll-back')))))).toEqual([]);
  });

  test('is paged for what was stopped, and again for what a person tried after that and failed', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    incident.do({ kind: 'request-rollback', by: 'ada', via: 'api', because: 'I know what it is' });
    judged(step(executing(incident)), 'fail');
    expect(pages(incident)).toEqual(['rollback-stopped', 'rollback-failed']);
  });

  test('is not paged again when it becomes P0 afterwards', () => {
    const incident = opened('P1', 'roll-back');
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    expect(pages(incident)).toEqual(['rollback-stopped']);
  });
});

test('a P0 that the kill switch stops is paged once, for being a P0', () => {
  expect(pages(opened('P0', 'roll-back', policyWith({ killSwitch: true })))).toEqual(['first-page']);
});

describe('a P0 that was paged for being one', () => {
  test('is paged once more when its rollback is stopped: what was promised will not come', () => {
    const incident = step(executing(opened('P0', 'roll-back')), 0, 'failed');
    expect(pages(incident)).toEqual(['first-page', 'rollback-stopped']);
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    expect(pages(incident)).toHaveLength(2);
  });

  test.each(['fail', 'unknown'] as const)('is paged once more when the verdict is %s', (result) => {
    const incident = judged(step(executing(opened('P0', 'roll-back'))), result);
    expect(pages(incident)).toEqual(['first-page', 'rollback-failed']);
  });

  test('is not paged again for a rollback that helped', () => {
    expect(pages(recovers(step(executing(opened('P0', 'roll-back')))))).toEqual(['first-page']);
  });
});

describe('nothing is paged for what is over', () => {
  const overBeforeSeen = (policy = policyWith()): Incident => {
    const incident = new Incident(policy);
    incident.do({ kind: 'open', opening: openingOf(), news: newsOf({ firing: 0, resolved: 1 }, ['A'], ['A']) });
    return incident;
  };

  test('a P0 that had ended before we looked', () => {
    const incident = overBeforeSeen();
    incident.do({ kind: 'assess', assessment: assessmentOf('P0') });
    incident.do({ kind: 'observe-alerts', news: newsOf({ firing: 0, resolved: 1 }) });
    expect(pages(incident)).toEqual([]);
    expect(incident.must.status).toBe('mitigated');
  });

  test('a P1 that had ended before the kill switch could stop its rollback', () => {
    const incident = overBeforeSeen(policyWith({ killSwitch: true }));
    incident.do({ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') });
    expect(pages(incident)).toEqual([]);
  });

  test('a severity that rises after the end', () => {
    const incident = opened('P1');
    incident.do(allResolved());
    expect(incident.types({ kind: 'assess', assessment: assessmentOf('P0') })).toEqual([]);
  });

  test.each(['failed', 'done'] as const)('a step that is %s after the recovery', (outcome) => {
    const incident = executing(opened('P1', 'roll-back'));
    incident.do({ kind: 'intend-step', index: 0 });
    incident.do({ kind: 'accept-step', index: 0, receipt: {}, alreadyThere: false });
    incident.do(allResolved());
    incident.do({ kind: 'finish-step', index: 0, outcome, detail: 'after the end' });
    expect(pages(incident)).toEqual([]);
  });

  test.each(['fail', 'unknown'] as const)('a verdict that is %s after its alerts had resolved', (result) => {
    const incident = step(executing(opened('P1', 'roll-back')));
    incident.do(allResolved());
    judged(incident, result);
    expect(incident.must.rollback?.stage).toBe('finished');
    expect(pages(incident)).toEqual([]);
  });

  test('a rollback that stops after a person resolved it', () => {
    const incident = planned(opened('P1', 'roll-back'));
    incident.do({ kind: 'resolve', by: 'ada', via: 'api', because: 'fixed' });
    incident.do({ kind: 'stop-rollback', stop: { rail: 'cooldown', because: 'of that' } });
    expect(pages(incident)).toEqual([]);
  });
});
