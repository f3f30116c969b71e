import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../harness/firebreak.ts';
import { slackMessages } from './outside.ts';
import { metricsText, samplesOf, timelineOf } from './reading.ts';
import type { Lookout, Shop } from './shop.ts';
import { openShop, rolledBack } from './shop.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const READY = 'firebreak_rollback_ready{reason="ready",service="checkout"}';

let shop: Shop;
let at: Lookout;

beforeAll(async () => {
  shop = await openShop();
  await shop.stock('checkout');
  await shop.release('fresh', 1);
  at = await shop.look({ services: { checkout: rolledBack(['checkout']), fresh: rolledBack(['fresh']) } });
});

afterAll(() => shop.stop());

/** The command line, as a user calls it. */
const cli = (
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly errors: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], FIREBREAK_URL: at.firebreak.url };
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (_, out, errors) => {
      resolve({ code: child.exitCode ?? -1, out, errors });
    });
  });

const metrics = async () => samplesOf(await metricsText(at.firebreak));

describe('the readiness of a rollback', () => {
  it('is known before it is needed', async () => {
    await eventually(
      metrics,
      (samples) => [...samples.keys()].filter((key) => key.includes('rollback_ready')).length === 2,
    );
    const samples = await metrics();
    expect(samples.get(READY)).toBe(1);
    expect(samples.get('firebreak_rollback_ready{reason="no-older-version",service="fresh"}')).toBe(0);
    expect(shop.outside.cluster.patches).toEqual([]);
  });

  it('is told by the command line, as what would be done', async () => {
    const { code, out } = await cli('rollback', 'plan', 'checkout');
    expect(code).toBe(0);
    expect(out).toMatch(/^checkout: r2 \(shop\/checkout:v2, \d+ (s|min) old\) → r1 \(shop\/checkout:v1, ran 3 h\)$/m);
    expect(out).toContain('Mode auto. It could be carried out now.');
    expect(out).toMatch(/ready: The server would accept the change/);
  });

  it('is a problem where there is nothing to go back to', async () => {
    const { code, out } = await cli('rollback', 'plan', 'fresh');
    expect(code).toBe(1);
    expect(out).toContain('It could not be carried out now: no-older-version.');
  });

  it('is for programs, too', async () => {
    const { code, out } = await cli('rollback', 'plan', 'checkout', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      service: 'checkout',
      ready: true,
      reason: 'ready',
      steps: [{ from: { version: 'r2', images: ['shop/checkout:v2'] }, to: { version: 'r1' } }],
    });
  });
});

describe('a drill', () => {
  let before: ReadonlyMap<string, number>;
  let drill: Awaited<ReturnType<typeof cli>>;
  let id: string;

  beforeAll(async () => {
    before = await metrics();
    drill = await cli('drill', 'checkout', '--json');
    id = (JSON.parse(drill.out) as { incident: { id: string } }).incident.id;
  });

  it('tries everything out, and finds that it works', () => {
    expect(drill).toMatchObject({ code: 0, errors: '' });
    expect(JSON.parse(drill.out)).toMatchObject({
      incident: { severity: 'P0', environment: 'drill', rollback: { state: 'shadowed', mode: 'shadow' } },
      problems: [],
    });
  });

  it('changes nothing in the cluster, but asks whether it could', async () => {
    expect(shop.outside.cluster.patches).toEqual([]);
    expect(shop.image('checkout')).toBe('shop/checkout:v2');
    const timeline = await timelineOf(at.firebreak, id);
    expect(timeline.map(({ type }) => type)).not.toContain('rollback-started');
    expect(timeline.find(({ type }) => type === 'rollback-planned')!.data).toMatchObject({
      rehearsal: ['checkout: The server would accept the change'],
    });
  });

  it('says DRILL in everything that it sends', () => {
    const { messages, lines } = slackMessages(shop.outside);
    const sent = [...messages, ...lines];
    expect(messages).toHaveLength(1);
    expect(lines.length).toBeGreaterThan(0);
    expect(sent.map(({ text }) => text).filter((text) => !text.includes('DRILL'))).toEqual([]);
    const pages = at.pages({ id } as never);
    expect(pages).toEqual([expect.stringContaining('DRILL, nothing is broken')]);
  });

  it('counts in no metric of incidents', async () => {
    const figures = (samples: ReadonlyMap<string, number>) =>
      [...samples].filter(([series]) =>
        /^firebreak_(incident|decisions|sla|rollbacks|rollback_|unclassified|action|postmortem|repeat|root_cause)/.test(
          series,
        ),
      );
    expect(figures(await metrics())).toEqual(figures(before));
  });
});
