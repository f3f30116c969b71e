import { Document, isMap, Scalar } from 'yaml';
import type { YAMLMap } from 'yaml';
import { clean, moment, plural } from './format.ts';
import type { ImportReport, JudgedAlert, ProposedService } from './ports.ts';

/**
 * The proposal as a part of config/firebreak.yaml. What alerts say stands in comments and in names only: it is cleaned, and
 * the YAML library quotes what has to be.
 */
export function importYaml(report: ImportReport): string {
  const { heartbeats } = report;
  const document = new Document({
    ...(heartbeats.found.length > 0
      ? { correlation: { heartbeats: [...heartbeats.configured, ...heartbeats.found] } }
      : {}),
    services: Object.fromEntries(report.services.map((service) => [service.name, valuesOf(service)])),
  });
  const services = document.get('services');
  if (isMap(services))
    report.services.forEach((service, i) => {
      describe(services, service, i > 0);
    });
  document.commentBefore = lines(headOf(report));
  const tail = lines([...withoutService(report.judged), ...unclassified(report.judged), ...allOf(report.judged)]);
  return `${document.toString({ lineWidth: 0 })}\n${tail.replaceAll(/^/gm, '#')}\n`;
}

/** A comment of the library begins behind its `#`. */
const lines = (texts: readonly string[]): string =>
  texts.map((text) => (text === '' ? '' : ` ${clean(text)}`)).join('\n');

const valuesOf = ({ owner, runbookUrl, specialist }: ProposedService): object => ({
  ...(owner === null ? {} : { owner }),
  ...(specialist === null ? {} : { specialist }),
  ...(runbookUrl === null ? {} : { runbookUrl }),
});

function headOf({ at, alertmanager, prometheus, alerts, services }: ImportReport): readonly string[] {
  const rules = prometheus === null ? '' : `, and ${plural(prometheus.rules, 'alerting rule')} at ${prometheus.url}`;
  return [
    `Proposed by firebreak import, ${moment(at)} UTC. Nothing was changed.`,
    `Read: ${plural(alerts, 'alert')} at ${alertmanager.url} (Alertmanager ${alertmanager.version})${rules}.`,
    `Receivers there: ${alertmanager.receivers.join(', ')}.`,
    '',
    services.length === 0
      ? 'No alert names a service: give your alerting rules a label `service`, or name the label that says it in correlation.labels.service.'
      : 'Take what is right into config/firebreak.yaml. Say of each service whether customers use it (customerFacing: true or',
    ...(services.length === 0
      ? []
      : ['false): the rules go by it. dependsOn, recovery and rollback come later: config/examples/.']),
  ];
}

/** Above each service, what speaks for it. */
function describe(map: YAMLMap, service: ProposedService, spaceBefore: boolean): void {
  const pair = map.items.find(({ key }) => (key instanceof Scalar ? key.value : key) === service.name);
  if (pair === undefined) return;
  const key = pair.key instanceof Scalar ? pair.key : new Scalar(pair.key);
  const { alertNames, environments, receivers, alerts, configured, label } = service;
  key.commentBefore = lines([
    `${configured ? 'Configured already. ' : ''}Named by the label ${label}. ${some(alertNames, 'alert')}`,
    [
      alerts === 0 ? 'none fires now' : `${alerts} firing now`,
      ...(environments.length > 0 ? [`in ${environments.join(', ')}`] : []),
      ...(receivers.length > 0 ? [`to ${receivers.join(', ')}`] : []),
    ].join(', '),
  ]);
  key.spaceBefore = spaceBefore;
  pair.key = key;
}

const SHOWN = 8;

const some = (names: readonly string[], word: string): string => {
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return `${plural(names.length, word)}: ${names.slice(0, SHOWN).join(', ')}${more}`;
};

function withoutService(judged: readonly JudgedAlert[]): readonly string[] {
  const found = judged.filter(({ service }) => service === null);
  if (found.length === 0) return [];
  return [
    'Alerts that name no service: each name is an incident of its own, and nothing can be rolled back for it.',
    ...found.map((alert) => `  ${lineOf(alert)}`),
    '',
  ];
}

function unclassified(judged: readonly JudgedAlert[]): readonly string[] {
  const found = judged.filter((alert) => alert.unclassified);
  if (found.length === 0) return [];
  return [
    'Alerts that no severity rule knows: they are P2, unclassified. Write a rule (docs/rules.md), or give them a label severity.',
    ...found.map((alert) => `  ${lineOf(alert)}`),
    '',
  ];
}

function allOf(judged: readonly JudgedAlert[]): readonly string[] {
  if (judged.length === 0) return ['No alerts and no rules were found.'];
  return [
    'What the rules make of each by its labels and texts alone. What is measured (facts:) can make it more or less.',
    ...judged.map((alert) => `  ${lineOf(alert)}`),
  ];
}

function lineOf({ alertname, service, labelled, severity, rule, because, from, alerts }: JudgedAlert): string {
  const whose = service === null ? '' : ` of ${service}`;
  const label = labelled === null ? 'no label severity' : `severity ${labelled}`;
  const why = rule === null ? 'no rule matched' : `${because}; rule ${rule}`;
  const what = from === 'alertmanager' ? plural(alerts, 'alert') : 'alerting rule';
  return `${severity}  ${alertname}${whose} (${what}, ${label}): ${why}`;
}
