import { CHECKLIST_ITEMS } from '../../src/domain/incident/checklist-items.ts';
import { checklistOf } from '../../src/domain/incident/checklist.ts';
import type { ClockName } from '../../src/domain/incident/events.ts';
import type { EvidenceKind, FixStage } from '../../src/domain/incident/process-events.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Severity } from '../../src/domain/severity.ts';
import type { ChannelName } from '../../src/domain/view.ts';
import { openingOf, routingOf, severityOf, stanceOf } from './support/incident.ts';
import { ADA, Timeline, at } from './support/timeline.ts';

/** Of no service that is known, and no rule could say how bad it is: of that nothing is proved but that it is open. */
function bare(severity: Severity = 'P1', service: string | null = null): Timeline {
  const { correlationKey, environment, title, labels, onset } = openingOf();
  return new Timeline()
    .add(0, 'incident-opened', {
      ...{ correlationKey, service, environment, title, labels, onset },
      ...{ runbookUrl: null, sourceUrl: null, afterKeyVersion: 0 },
    })
    .add(0, 'severity-decided', { ...severityOf(severity, null), facts: {} })
    .add(0, 'severity-changed', { from: null, to: severity, because: 'no rule matched' });
}

type Story = (timeline: Timeline) => Timeline;

const decided = (facts: Record<string, Json>): Story => {
  return (t) => t.add(5, 'severity-decided', { ...severityOf('P1', null), facts });
};
const stance = (action: 'hold' | 'roll-back' | 'fix-forward', facts: Record<string, Json> = {}): Story => {
  return (t) => t.add(5, 'rollback-decided', { ...stanceOf(action), facts, mode: 'auto' });
};
const sent = (channel: ChannelName, kind: string): Story => {
  return (t) => t.add(5, 'notification-sent', { effectId: 'e', channel, kind, receipt: {}, latencyMs: 1 });
};
const met = (clock: ClockName): Story => {
  return (t) => t.add(5, 'clock-met', { clock, seconds: 5 });
};
const evidence = (kind: EvidenceKind, result: Json = null): Story => {
  return (t) =>
    t.add(5, 'evidence-added', { ...ADA, id: 'E1', kind, title: 'x', url: null, text: 'x', query: null, result });
};
const captured = (kind: 'logs' | 'pod-states'): Story => {
  return (t) =>
    t.add(5, 'evidence-captured', {
      ...{ index: 0, name: 'app', missing: [], seconds: 1 },
      items: [{ kind, name: 'pod-1', text: 'boom', truncated: false }],
    });
};
const fix = (stage: FixStage): Story => {
  return (t) => t.add(60, 'fix-recorded', { ...ADA, stage, at: at(60), url: null, version: 'r43', text: null });
};
const action = (owner: string | null, id = 'A1'): Story => {
  return (t) => t.add(70, 'action-added', { ...ADA, id, action: 'a test', kind: 'process', owner, dueAt: null });
};
const cause: Story = (t) =>
  t.add(50, 'root-cause-recorded', {
    ...{ ...ADA, id: 'H1', category: 'capacity', summary: 'too few', confidence: 0.5, evidence: [] },
  });
const judged = (state: 'confirmed' | 'refuted'): Story => {
  return (t) => cause(t).add(55, 'root-cause-judged', { ...ADA, id: 'H1', state, because: 'seen' });
};
const mitigated: Story = (t) => t.add(30, 'incident-mitigated', { because: 'it is well', via: 'validation' });
const resolved: Story = (t) => t.add(40, 'incident-resolved', { ...ADA, because: 'the fix is out' });
const fires: Story = (t) =>
  t.add(1, 'alerts-joined', { count: 1, counts: { firing: 1, resolved: 0 }, names: ['A'], samples: [] });
const quiet: Story = (t) => t.add(35, 'alerts-resolved', { count: 1, counts: { firing: 0, resolved: 1 }, samples: [] });

/** Of each item: what does not tick it, though it is like what does; then what does. */
const TICKED: Readonly<Record<string, { readonly not: readonly Story[]; readonly by: readonly Story[] }>> = {
  detected: {
    not: [decided({})],
    by: [(t) => t.add(5, 'severity-decided', severityOf('P1')), (t) => t.add(5, 'incident-acknowledged', ADA)],
  },
  'severity-classified': {
    not: [decided({}), (t) => t.add(5, 'incident-acknowledged', ADA)],
    by: [
      (t) => t.add(5, 'severity-decided', severityOf('P1')),
      (t) => t.add(5, 'severity-overridden', { ...ADA, severity: 'P0', because: 'I see it' }),
    ],
  },
  'impact-assessed': {
    not: [decided({ service: 'checkout' }), decided({ errorRatio: null })],
    by: [
      decided({ usersAffectedPercent: 40 }),
      decided({ errorRatio: 0.4 }),
      decided({ latencyP95Seconds: 3 }),
      (t) => t.add(5, 'impact-stated', { ...ADA, impact: { usersAffected: 9 } }),
    ],
  },
  'team-notified': {
    not: [sent('webhook', 'event'), sent('slack', 'thread')],
    by: [sent('pagerduty', 'trigger'), sent('slack', 'announce'), sent('email', 'opened')],
  },
  'rollback-decided': { not: [decided({})], by: [stance('hold')] },
  'rollback-begun': {
    not: [stance('roll-back'), stance('hold')],
    by: [
      stance('fix-forward'),
      (t) => t.add(5, 'rollback-started', { planHash: 'a' }),
      (t) => t.add(5, 'rollback-verdict', { verdict: 'recovered-without-us', because: 'it is well', seconds: 5 }),
    ],
  },
  'first-update-sent': {
    not: [met('acknowledge')],
    by: [
      met('update'),
      (t) => t.add(5, 'status-updated', { text: 'x', by: 'ada', via: 'api', person: at(5), nextAt: null }),
    ],
  },
  'logs-collected': { not: [evidence('text'), captured('pod-states')], by: [evidence('log'), captured('logs')] },
  'errors-documented': {
    not: [evidence('link')],
    by: [evidence('user-report'), evidence('text'), captured('pod-states')],
  },
  'changes-reviewed': {
    not: [stance('hold')],
    by: [stance('roll-back', { suspectChange: { id: 'd1' } }), stance('hold', { acquittedChanges: 'd1: it ran well' })],
  },
  'metrics-analysed': {
    not: [evidence('metric', { kind: 'failed', reason: 'no answer' }), evidence('log')],
    by: [
      evidence('metric', { kind: 'value', value: 0.4 }),
      (t) => t.add(5, 'recovery-sampled', { result: 'fail', worse: false, checks: [] }),
    ],
  },
  'hypothesis-formed': { not: [evidence('text')], by: [cause] },
  'specialist-routed': {
    not: [(t) => t.add(5, 'routing-decided', routingOf())],
    by: [(t) => t.add(5, 'routing-decided', routingOf({ specialist: 'database' }))],
  },
  'fix-implemented': { not: [fix('linked')], by: [fix('implemented'), fix('unnecessary')] },
  'fix-tested': { not: [fix('implemented'), fix('staging')], by: [fix('tested'), fix('unnecessary')] },
  'fix-deployed': { not: [fix('staging')], by: [fix('deployed'), fix('unnecessary')] },
  'health-validated': { not: [fix('deployed')], by: [fix('validated'), fix('unnecessary')] },
  'impact-ended': { not: [quiet], by: [mitigated, resolved] },
  'services-normal': {
    not: [(t) => mitigated(fires(t)), (t) => quiet(fires(t))],
    by: [(t) => quiet(mitigated(fires(t)))],
  },
  'monitoring-on': { not: [mitigated, fix('deployed')], by: [resolved] },
  'timeline-documented': { not: [mitigated], by: [resolved] },
  'root-cause-complete': { not: [cause, judged('refuted')], by: [judged('confirmed')] },
  'prevention-identified': {
    not: [(t) => t.add(70, 'section-written', { ...ADA, section: 'summary', text: 'x', version: 1 })],
    by: [action(null), (t) => t.add(70, 'section-written', { ...ADA, section: 'prevention', text: 'x', version: 1 })],
  },
  'postmortem-written': {
    not: [(t) => t.add(70, 'section-written', { ...ADA, section: 'summary', text: 'x', version: 1 })],
    by: [(t) => t.add(80, 'postmortem-published', { ...ADA, version: 1 })],
  },
  'lessons-shared': {
    not: [sent('email', 'resolved'), (t) => t.add(80, 'postmortem-published', { ...ADA, version: 1 })],
    by: [sent('email', 'postmortem')],
  },
  'actions-assigned': { not: [action(null), (t) => action('ben', 'A2')(action(null)(t))], by: [action('ben')] },
};

const itemOf = (timeline: Timeline, id: string) => checklistOf(timeline.events).find((item) => item.id === id);

test.each(Object.entries(TICKED))('%s is ticked by the event that proves it, and by no other', (id, { not, by }) => {
  expect(itemOf(bare(), id)).toMatchObject({ done: false, proved: false, eventSeq: null });
  for (const story of not) expect(itemOf(story(bare()), id)).toMatchObject({ done: false });
  for (const story of by) {
    const told = story(bare());
    const last = told.events.at(-1)!;
    expect(itemOf(told, id)).toMatchObject({ done: true, by: 'firebreak', eventSeq: last.seq, at: last.at });
  }
});

test('incident-opened is ticked by the opening, and systems-identified by it where the service is known', () => {
  expect(itemOf(bare(), 'incident-opened')).toMatchObject({ done: true, by: 'firebreak', eventSeq: 1 });
  expect(itemOf(bare(), 'systems-identified')).toMatchObject({ done: false });
  expect(itemOf(bare('P1', 'checkout'), 'systems-identified')).toMatchObject({ done: true, eventSeq: 1 });
});

test.each(['runbook-updated', 'extended-testing'])('%s is ticked by a person alone', (id) => {
  const everything = Object.values(TICKED).flatMap(({ by }) => by);
  const told = everything.reduce((timeline, story) => story(timeline), bare('P0'));
  expect(itemOf(told, id)).toMatchObject({ done: false });
  told.add(99, 'checklist-ticked', { ...ADA, item: id, done: true });
  expect(itemOf(told, id)).toMatchObject({ done: true, by: 'ada', proved: false });
});

test('these are all the items that there are', () => {
  const here = [...Object.keys(TICKED), 'incident-opened', 'systems-identified', 'runbook-updated', 'extended-testing'];
  expect(CHECKLIST_ITEMS.map(({ id }) => id).sort()).toEqual(here.sort());
});
