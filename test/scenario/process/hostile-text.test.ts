import { toHtml } from '../../../src/report/html.ts';
import { toMarkdown } from '../../../src/report/markdown.ts';
import { reportOf } from '../../../src/report/report.ts';
import { readLedger } from '../../../src/store/effects.ts';
import { readTimeline } from '../../../src/store/timeline.ts';
import type { SimulatedWorld } from '../../harness/simulated-world.ts';
import { startSimulatedWorld } from '../../harness/simulated-world.ts';
import { at, BY_ADA, firing, incidentOn, rolledBack } from './cast.ts';

const PING = '<!channel> <@U1> @here';
const MARKUP = '<script>alert(1)</script><img src=x onerror=alert(2)> *bold* [link](javascript:alert(3))';
const BIDI = '\u202Egnp.exe\u202C';
const EMOJI = '🔥👩‍🚒';
const NUL = 'a\0b';
const HOSTILE = `${PING} ${MARKUP} ${BIDI} ${EMOJI} ${NUL}`;

let world: SimulatedWorld;

afterEach(() => world.close());

test.each([
  ['short', HOSTILE],
  ['100 kB of it', HOSTILE + 'x'.repeat(100_000)],
])(
  'markup, mentions, direction marks, emoji and null bytes are text everywhere: %s',
  async (_, text) => {
    world = await startSimulatedWorld({ services: { checkout: rolledBack('checkout', { rollback: null }) } });
    const { simulation, pagerduty, slack, smtp, statuspage } = world;
    await simulation.deliver(firing({ name: 'CheckoutErrors', service: 'checkout', summary: text, usersPercent: 95 }));
    const { id } = await incidentOn(world, 'checkout');
    await at(
      world,
      30,
      id,
      { kind: 'add-note', text, ...BY_ADA },
      { kind: 'write-update', text, ...BY_ADA },
      { kind: 'add-blocker', text, ...BY_ADA },
      { kind: 'record-root-cause', category: 'security', summary: text, confidence: 1, evidence: [text], ...BY_ADA },
      { kind: 'write-section', section: 'takeaways', text, ...BY_ADA },
    );
    await simulation.runTo(1_200);

    // Nothing was refused for its size or its form: each server is as strict as the real one.
    expect(pagerduty.alerts).toHaveLength(1);
    expect(await ledgerTrouble(world)).toEqual([]);
    expect(slack.pings).toEqual([]);
    expect(smtp.mails.length).toBeGreaterThan(0);
    for (const { parsed } of smtp.mails) {
      expect(String(parsed.html)).not.toMatch(/<script|<img|onerror=[^&]*>/i);
      expect(parsed.subject).not.toMatch(/[\0\r\n\u202E]/);
    }
    // What customers read is our own text and what a person wrote for them, never an alert's.
    expect(statuspage.incidents).toHaveLength(1);
    expect(statuspage.incidents[0]?.name).not.toContain('script');

    const report = reportOf(await readTimeline(simulation.store.db, id));
    if (report === null) throw new Error('no report');
    const html = toHtml(report);
    expect(html).not.toMatch(/<script|<img|href="javascript:/i);
    expect(html).toContain('&lt;script&gt;');
    expect(toMarkdown(report)).not.toMatch(/(?<!\\)<script/);
  },
  120_000,
);

/** Effects that were refused or given up. */
async function ledgerTrouble({ simulation }: SimulatedWorld): Promise<readonly unknown[]> {
  return readLedger(simulation.store.db, { dead: true }, 100);
}
