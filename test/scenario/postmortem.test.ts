import type { ReceivedMail } from '../fakes/smtp.ts';
import { raw } from '../harness/core.ts';
import type { SimulatedWorld } from '../harness/simulated-world.ts';
import { startSimulatedWorld } from '../harness/simulated-world.ts';
import { SIMULATION_START } from '../harness/simulation.ts';
import { renderReport } from '../../src/report/render.ts';
import { reportOf } from '../../src/report/report.ts';
import { readTimeline, verifyTimeline } from '../../src/store/timeline.ts';
import { linesOf } from '../unit/support/report.ts';

let world: SimulatedWorld;
let id: string;

const at = (seconds: number): number => SIMULATION_START + seconds * 1000;
const ada = { by: 'ada', via: 'api' };
const timeline = () => readTimeline(world.simulation.store.db, id);

const alert = (endsAt?: number): object =>
  raw('CheckoutFails', {
    labels: { severity: 'critical' },
    annotations: { summary: 'Checkout fails <b>badly</b>', users_affected_percent: '67' },
    startsAt: at(-60),
    ...(endsAt === undefined ? {} : { endsAt }),
  });

/** A P1 that is resolved by a fix, and its post-mortem, published half an hour later. */
beforeAll(async () => {
  world = await startSimulatedWorld({ services: { checkout: { customerFacing: true } } });
  const { simulation } = world;
  const { commander } = simulation;
  await simulation.deliver(alert());
  await simulation.runTo(45);
  id = (await simulation.incidents())[0]!.id;
  await commander.handle(id, [{ kind: 'acknowledge', ...ada }]);
  await simulation.runTo(300);
  await simulation.deliver(alert(at(290)));
  await simulation.runTo(600);
  const fix = {
    kind: 'record-fix',
    ...ada,
    at: new Date(at(600)).toISOString(),
    url: null,
    version: 'r43',
    text: null,
  } as const;
  await commander.handle(id, [
    { ...fix, stage: 'deployed' },
    { ...fix, stage: 'validated' },
    { kind: 'write-section', ...ada, section: 'takeaways', text: 'Test the *cart* <too>.' },
    { kind: 'add-action', ...ada, action: 'Test the cart', of: 'process', owner: 'bob', dueAt: null },
  ]);
  await simulation.runTo(2400);
  await commander.handle(id, [{ kind: 'publish-postmortem', ...ada }]);
  await simulation.runTo(2410);
}, 120_000);

afterAll(() => world.close());

const sharedWith = (address: string): ReceivedMail | undefined =>
  world.smtp.mails.find(({ to, parsed }) => to.includes(address) && parsed.attachments.length > 0);

test.each(['team@example.com', 'product@example.com'])(
  'publishing the post-mortem sends it to %s: the figures in the mail, the report with it',
  async (address) => {
    const { parsed } = sharedWith(address)!;
    expect(parsed.text).toContain(`Post-mortem of ${id}: P1 on checkout (production): Checkout fails <b>badly</b>`);
    expect(parsed.text).toContain('Customer impact: 67 % of users for 5 min');
    expect(parsed.text).toContain('Action items: 1 item, 1 open');
    const [page] = parsed.attachments;
    expect(page).toMatchObject({ filename: `${id}.post-mortem.html`, contentType: 'text/html' });
    const html = page!.content.toString('utf8');
    expect(html).toContain('Checkout fails &lt;b&gt;badly&lt;/b&gt;');
    expect(html).toContain('Test the *cart* &lt;too&gt;.');
    // What was sent is what the timeline held then: it names its head, and the timeline verifies.
    const head = /The hash of the last one is <code>([0-9a-f]{64})<\/code>/.exec(html)![1];
    const events = await timeline();
    const then = events.findIndex(({ hash }) => hash === head);
    expect(then).toBeGreaterThan(events.findIndex(({ type }) => type === 'section-written'));
    expect(renderReport(reportOf(events.slice(0, then + 1))!, 'html').text).toBe(html);
    expect(await verifyTimeline(world.simulation.store.db, id)).toBeNull();
  },
);

test('customers are not sent it', () => {
  const known = ['team@example.com', 'product@example.com'];
  const others = world.smtp.mails.filter(
    ({ to, parsed }) => parsed.attachments.length > 0 && !to.some((each) => known.includes(each)),
  );
  expect(others).toEqual([]);
  expect(world.statuspage.incidents.flatMap(({ updates }) => updates.map(({ body }) => body)).join()).not.toMatch(
    /post-mortem/i,
  );
});

test('the report tells what the pipeline did', async () => {
  const report = reportOf(await timeline())!;
  expect(report.figures).toMatchObject({ acknowledgeSeconds: expect.any(Number), slaBreaches: 0 });
  expect(linesOf(report, 'key-events').map((line) => line.split(' | ')[1]!.replace(/: .*/, ''))).toEqual([
    'Detected',
    'Confirmed',
    'Service restored',
    'Fix deployed',
    'Fix validated',
  ]);
});
