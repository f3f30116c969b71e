import { MINUTE, SECOND } from './support/incident.ts';
import {
  asked,
  core,
  drive,
  policyHere,
  resolveAlerts,
  rollback,
  target,
  untilVerdict,
  useCoordinator,
} from './support/coordinator.ts';

useCoordinator();

test('the first rollback of a service takes at most what its plan allows; the next one what the first took', async () => {
  core.policy = policyHere({ cooldownSeconds: 0 });
  const first = await asked();
  target.observation = { kind: 'progressing', message: '1 of 3', progress: {} };
  await drive(first);
  expect((await rollback(first)).estimate).toEqual({ seconds: 300, from: 'timeouts', of: 0 });
  core.clock.at += 2 * MINUTE + 5 * SECOND;
  target.observation = { kind: 'done', message: '3 of 3', progress: {} };
  await drive(first);
  await resolveAlerts();
  await untilVerdict(first);
  await core.commander.handle(first, [{ kind: 'dismiss', because: 'for the next one', by: 'ada', via: 'api' }]);
  core.clock.at += MINUTE;
  const second = await asked('P0', null);
  expect(second).not.toBe(first);
  await drive(second);
  expect((await rollback(second)).estimate).toEqual({ seconds: 125, from: 'past-rollbacks', of: 1 });
});
