import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { describeWith } from '../harness/tools.ts';
import type { Manifest } from './chart.ts';
import { FULL, inTemporaryDirectory, NAMESPACE, only, render, run } from './chart.ts';

describe('the alerts about Firebreak itself', () => {
  const groups = async (): Promise<Manifest> => only(await render(FULL), 'PrometheusRule').spec;

  it('go straight to the pager', async () => {
    const { rules } = (await groups()).groups[0];
    expect(rules.map(({ alert }: Manifest) => alert)).toContain('FirebreakDown');
    for (const rule of rules) expect(rule.labels).toMatchObject({ pager: 'direct' });
  });

  it('fire when there is nothing left to scrape, and name the job that is scraped', async () => {
    const [down] = (await groups()).groups[0].rules;
    const service = only(await render(FULL), 'Service').metadata;
    expect(down.expr).toBe(`absent(up{job="${service.name}",namespace="${NAMESPACE}"} == 1)`);
  });

  describeWith(['promtool'], 'in Prometheus', () => {
    it('are rules that Prometheus takes and that fire as they should', async () => {
      await inTemporaryDirectory(async (directory) => {
        const { groups: found } = await groups();
        // promtool compares every annotation; what they say is not what is tested here.
        const bare = found.map((group: Manifest) => ({
          ...group,
          rules: group.rules.map((rule: Manifest) => ({ ...rule, annotations: {} })),
        }));
        await writeFile(join(directory, 'rules.yaml'), stringify({ groups: found }));
        await writeFile(join(directory, 'bare.yaml'), stringify({ groups: bare }));
        await writeFile(join(directory, 'tests.yaml'), stringify(FIRING));
        const checked = await run('promtool', ['check', 'rules', 'rules.yaml'], directory);
        expect([checked.code, checked.errors]).toEqual([0, '']);
        const tested = await run('promtool', ['test', 'rules', 'tests.yaml'], directory);
        expect([tested.code, tested.errors]).toEqual([0, '']);
      });
    });
  });
});

const mine = `job="firebreak",namespace="${NAMESPACE}"`;
const alert = (at: string, alertname: string, ...series: object[]): object => ({
  eval_time: at,
  alertname,
  exp_alerts: series.map((exp_labels) => ({ exp_labels })),
});

/**
 * One of two replicas goes, then the other; a channel gives up; Alertmanager falls silent; a rule file is wrong; a rollback plan
 * could not be carried out.
 */
const FIRING = {
  rule_files: ['bare.yaml'],
  evaluation_interval: '15s',
  tests: [
    {
      interval: '15s',
      input_series: [
        { series: `up{${mine},pod="a"}`, values: '1x20 0x60' },
        { series: `up{${mine},pod="b"}`, values: '1x40 stale' },
        { series: `firebreak_effects_total{${mine},channel="slack",outcome="dead"}`, values: '0x20 1x60' },
        { series: `firebreak_effects_total{${mine},channel="pagerduty",outcome="delivered"}`, values: '0+1x80' },
        { series: `firebreak_rules_last_reload_successful{${mine}}`, values: '1x20 0x60' },
        { series: `firebreak_sandbox{${mine}}`, values: '0x80' },
        { series: `firebreak_source_last_seen_timestamp_seconds{${mine},source="alertmanager"}`, values: '60x80' },
        // One plan is ready; one is not, for two reasons in turn; one is not for a moment; one is for people only.
        { series: `firebreak_rollback_ready{${mine},service="ledger",reason="needs-person"}`, values: '0x240' },
        { series: `firebreak_rollback_ready{${mine},service="checkout",reason="ready"}`, values: '1x240' },
        {
          series: `firebreak_rollback_ready{${mine},service="payments",reason="paused"}`,
          values: '0x100 stale',
        },
        {
          series: `firebreak_rollback_ready{${mine},service="payments",reason="unauthorized"}`,
          values: '_x101 0x140',
        },
        { series: `firebreak_rollback_ready{${mine},service="search",reason="unreachable"}`, values: '0x40 stale' },
        { series: `firebreak_rollback_ready{${mine},service="search",reason="ready"}`, values: '_x41 1x200' },
      ],
      alert_rule_test: [
        alert('9m', 'FirebreakDown'),
        alert('11m', 'FirebreakDown'),
        alert('13m', 'FirebreakDown', { severity: 'critical', pager: 'direct' }),
        alert('4m', 'FirebreakEffectsGivenUp'),
        alert('6m', 'FirebreakEffectsGivenUp', { severity: 'critical', pager: 'direct', channel: 'slack' }),
        alert('15m', 'FirebreakSourceSilent'),
        alert('18m', 'FirebreakSourceSilent', { severity: 'critical', pager: 'direct', source: 'alertmanager' }),
        alert('4m', 'FirebreakRulesRefused'),
        alert('12m', 'FirebreakRulesRefused', { severity: 'warning', pager: 'direct' }),
        alert('20m', 'FirebreakInSandbox'),
        alert('38m', 'FirebreakRollbackNotReady'),
        alert('42m', 'FirebreakRollbackNotReady', { severity: 'warning', pager: 'direct', service: 'payments' }),
      ],
    },
  ],
};
