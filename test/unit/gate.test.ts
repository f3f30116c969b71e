import type { GateQuestion } from '../../src/domain/gate.ts';
import { gateOf } from '../../src/domain/gate.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import { MINUTE, allResolved, executing, opened, recovers, step } from './support/incident.ts';

const ask = (version: string, incidents: readonly Incident[], more: Partial<GateQuestion> = {}) =>
  gateOf(
    { service: 'checkout', version, environment: null, isKnown: true, ...more },
    incidents.map((incident) => incident.must),
  );

const fix = (incident: Incident, stage: 'linked' | 'tested' | 'staging' | 'deployed', version: string | null) =>
  incident.do({
    ...{ kind: 'record-fix', stage, version, url: 'https://git.example.com/pull/7', text: null },
    ...{ at: iso(incident.now), by: 'ada', via: 'api' },
  });

/** A P1 rolled back from r42, restored and not yet fixed. */
const restored = (): Incident => {
  const incident = recovers(step(executing(opened('P1', 'roll-back'))));
  incident.after(MINUTE).do(allResolved());
  return incident;
};

test('is open where there is no incident, and says when it does not know the service', () => {
  expect(ask('r43', [])).toEqual({
    allowed: true,
    because: ['checkout has no incident that is not over'],
    incident: null,
  });
  const { allowed, because } = ask('r43', [], { service: 'typo', isKnown: false });
  expect({ allowed, because }).toEqual({
    allowed: true,
    because: ['typo is not a service of the configuration, and has no incident'],
  });
});

test('is closed for everything while a P0 or P1 is not restored', () => {
  const incident = opened('P0');
  const answer = ask('r43', [incident]);
  expect(answer).toMatchObject({ allowed: false, incident: incident.id });
  expect(answer.because[0]).toMatch(
    /^P0 INC-\S+ is not restored, and is not fixed forward\. Link it if it is the fix: firebreak/,
  );
});

test('after the restoration lets in the linked fix alone, with its evidence', () => {
  const incident = restored();
  expect(ask('r43', [incident])).toMatchObject({ allowed: false });
  fix(incident, 'linked', 'r43');
  expect(ask('r43', [incident])).toEqual({
    allowed: false,
    because: [`r43 is the fix of P1 ${incident.id} and lacks the evidence of its tests and its run in staging`],
    incident: incident.id,
  });
  fix(incident, 'tested', 'r43');
  expect(ask('r43', [incident]).because).toEqual([
    `r43 is the fix of P1 ${incident.id} and lacks the evidence of its run in staging`,
  ]);
  fix(incident, 'staging', 'r43');
  expect(ask('r43', [incident])).toEqual({
    allowed: true,
    because: [`r43 is the fix of ${incident.id}`],
    incident: null,
  });
  expect(ask('r44', [incident]).allowed).toBe(false);
});

test('stays closed for the bad version until the incident is closed, also under another name of it', () => {
  const incident = restored();
  fix(incident, 'deployed', 'r43');
  expect(incident.must.status).toBe('resolved');
  expect(ask('r44', [incident]).allowed).toBe(true);
  expect(ask('r42', [incident])).toMatchObject({
    allowed: false,
    because: [`r42 is the version that was bad in ${incident.id}, which is not over`],
  });
  expect(ask('uid-r42', [incident]).allowed).toBe(false);
  const closed = { ...incident.must, status: 'closed' as const };
  expect(gateOf({ service: 'checkout', version: 'r42', environment: null, isKnown: true }, [closed]).allowed).toBe(
    true,
  );
});

test('what was bad in an incident that was merged stays out; the rest is the say of the one that it goes on as', () => {
  const part = restored();
  part.do({ kind: 'merge', into: 'INC-1', because: 'the same', by: 'ada', via: 'api' });
  expect(ask('r42', [part])).toMatchObject({
    allowed: false,
    because: [expect.stringMatching(/^r42 is the version that was bad in INC-\S+, which goes on as INC-1$/)],
  });
  expect(ask('r43', [part])).toMatchObject({ allowed: true });
});

test('P2 and P3 are fixed forward: they close it for what was bad in them alone', () => {
  const incident = opened('P2');
  expect(ask('r43', [incident])).toMatchObject({ allowed: true });
  const rolledBack = recovers(step(executing(opened('P2', 'roll-back'))));
  expect(ask('r42', [rolledBack]).allowed).toBe(false);
});

test('another environment has another gate; a drill closes none', () => {
  const incident = opened('P0');
  expect(ask('r43', [incident], { environment: 'staging' }).allowed).toBe(true);
  expect(ask('r43', [incident], { environment: 'production' }).allowed).toBe(false);
  const drill = { ...incident.must, drill: true as const };
  expect(gateOf({ service: 'checkout', version: 'r43', environment: null, isKnown: true }, [drill]).allowed).toBe(true);
});

test('every incident that closes it says why', () => {
  const [first, second] = [opened('P0'), restored()];
  expect(ask('r42', [first, second]).because).toHaveLength(2);
});
