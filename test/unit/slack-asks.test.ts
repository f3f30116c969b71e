import { readAction, readView, valueOf } from '../../src/notify/slack/actions.ts';
import { readCommandLine } from '../../src/notify/slack/command-line.ts';

const ID = 'INC-20261123-151300';
const HASH = 'ab'.repeat(32);

describe('what is typed', () => {
  const act = (deed: object, incidentId: string | null = ID, more: object = {}) => ({
    kind: 'do',
    incidentId,
    deed,
    ...more,
  });

  test.each<[string, object]>([
    ['', { kind: 'help' }],
    ['  help ', { kind: 'help' }],
    ['list', { kind: 'list' }],
    ['handover', { kind: 'handover' }],
    [`show ${ID}`, { kind: 'show', incidentId: ID }],
    ['show', { kind: 'show', incidentId: null }],
    [`ACK ${ID.toLowerCase()}`, act({ kind: 'acknowledge' })],
    [`ack ${ID}-2`, act({ kind: 'acknowledge' }, `${ID}-2`)],
    ['acknowledge', act({ kind: 'acknowledge' }, null)],
    [`command ${ID}`, act({ kind: 'take-command' })],
    [
      `severity ${ID} p1 because it is only search`,
      act({ kind: 'override-severity', severity: 'P1', because: 'it is only search' }),
    ],
    ['severity P3 nobody uses it', act({ kind: 'override-severity', severity: 'P3', because: 'nobody uses it' }, null)],
    [`severity ${ID} release`, act({ kind: 'release-severity' })],
    [`fix ${ID} 4`, act({ kind: 'declare-fix', seconds: 240 })],
    ['fix 2.5 min', act({ kind: 'declare-fix', seconds: 150 }, null)],
    [`approve ${ID}`, act({ kind: 'approve-rollback', planHash: null })],
    [`approve ${ID} ABCDEF123456`, act({ kind: 'approve-rollback', planHash: null }, ID, { plan: 'abcdef123456' })],
    [`abort ${ID}`, act({ kind: 'abort-rollback', because: 'no reason given' })],
    [`abort ${ID} wrong one`, act({ kind: 'abort-rollback', because: 'wrong one' })],
    [`start ${ID} it is clear`, act({ kind: 'request-rollback', because: 'it is clear' })],
    [`update ${ID} line one\n  line two`, act({ kind: 'write-update', text: 'line one\n  line two' })],
    ['update we look at it', act({ kind: 'write-update', text: 'we look at it' }, null)],
    [`note ${ID} a &lt; b &amp;&amp; c &gt; d`, act({ kind: 'add-note', text: 'a < b && c > d' })],
    [`dismiss ${ID} a test`, act({ kind: 'dismiss', because: 'a test' })],
    [`resolve ${ID} it is gone`, act({ kind: 'resolve', because: 'it is gone' })],
    [`publish ${ID}`, act({ kind: 'approve-publication' })],
  ])('%j', (text, ask) => {
    expect(readCommandLine(text)).toEqual(ask);
  });

  test.each([
    ['constructor', 'I do not know "constructor"'],
    [`ack ${ID} now`, 'what "now" means'],
    ['severity', 'Say P0'],
    ['severity P5 x', 'Say P0'],
    [`severity ${ID} P1`, 'Why P1?'],
    ['fix soon', 'how many minutes'],
    ['approve everything', 'not the beginning'],
    ['show me', '"me" is not the id'],
    // Else it would be done to the only incident that is open in the channel.
    ['start INC-20261123-15130 bad deployment', '"INC-20261123-15130" is not the id'],
    [`dismiss "${ID}" a test`, 'is not the id'],
    [`resolve #${ID}: it is gone`, 'is not the id'],
    ['abort INC20261123-151300 wrong one', 'is not the id'],
    ['update 20261123-151300 we look at it', 'is not the id'],
    ['update', 'The text is missing'],
    [`resolve ${ID}`, 'The reason is missing'],
  ])('%j is not clear', (text, because) => {
    expect(readCommandLine(text)).toMatchObject({ kind: 'unclear', because: expect.stringContaining(because) });
  });

  test('what cannot be seen is not in it', () => {
    expect(readCommandLine(`note ${ID} a\u202eb\0c`)).toMatchObject({ deed: { text: 'abc' } });
  });
});

describe('what is pressed', () => {
  const press = (name: string, carried: Omit<Parameters<typeof valueOf>[0], 'incidentId'> = {}) =>
    readAction(`firebreak.${name}`, valueOf({ incidentId: ID, ...carried }));

  test('is bound to the plan that was shown', () => {
    expect(press('approve', { planHash: HASH })).toEqual({
      kind: 'do',
      incidentId: ID,
      deed: { kind: 'approve-rollback', planHash: HASH },
      plan: HASH,
    });
    expect(press('abort', { planHash: null })).toMatchObject({ deed: { kind: 'abort-rollback' }, plan: null });
    expect(press('approve')).toMatchObject({ kind: 'unclear' });
    expect(press('approve', { planHash: 'abc' })).toMatchObject({ kind: 'unclear' });
    expect(press('abort')).toMatchObject({ kind: 'unclear' });
  });

  test('opens a form, or does at once', () => {
    expect(press('update')).toEqual({ kind: 'open-modal', incidentId: ID, modal: 'update' });
    expect(press('fix', { minutes: 3 })).toMatchObject({ deed: { kind: 'declare-fix', seconds: 180 } });
    expect(press('severity', { severity: 'release' })).toMatchObject({ deed: { kind: 'release-severity' } });
    expect(press('severity', { severity: 'P2' })).toMatchObject({ deed: { severity: 'P2' } });
    expect(press('publish')).toMatchObject({ deed: { kind: 'approve-publication' } });
    expect(readAction('firebreak.handover', '')).toEqual({ kind: 'handover' });
  });

  test.each([
    ['firebreak.acknowledge', ''],
    ['firebreak.acknowledge', 'null'],
    ['firebreak.acknowledge', '{"i":""}'],
    ['firebreak.acknowledge', `{"i":"${'x'.repeat(100)}"}`],
    ['firebreak.fix', `{"i":"${ID}","m":"3"}`],
    ['firebreak.severity', `{"i":"${ID}","s":"P9"}`],
    ['firebreak.toString', `{"i":"${ID}"}`],
    ['other.acknowledge', `{"i":"${ID}"}`],
  ])('%s with %s is none of ours', (id, value) => {
    expect(readAction(id, value)).toMatchObject({ kind: 'unclear' });
  });
});

describe('what is submitted', () => {
  test.each([
    ['update', { kind: 'write-update', text: 'words' }],
    ['note', { kind: 'add-note', text: 'words' }],
    ['dismiss', { kind: 'dismiss', because: 'words' }],
    ['resolve', { kind: 'resolve', because: 'words' }],
  ])('%s', (name, deed) => {
    const ask = readView(`firebreak.${name}`, JSON.stringify({ i: ID, c: 'C1', t: null }), { text: ' words ' });
    expect(ask).toEqual({ kind: 'do', incidentId: ID, deed });
  });

  test.each([
    ['firebreak.update', '{}', 'x'],
    ['firebreak.update', '', 'x'],
    ['firebreak.update', `{"i":"${ID}"}`, ' \u200b '],
    ['firebreak.approve', `{"i":"${ID}"}`, 'x'],
  ])('%s with %j and %j is not clear', (callbackId, metadata, text) => {
    expect(readView(callbackId, metadata, { text })).toMatchObject({ kind: 'unclear' });
  });
});
