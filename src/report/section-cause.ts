import type { IncidentEvent, OnsetSource } from '../domain/incident/events.ts';
import { lengthOf } from '../domain/length.ts';
import { plural } from '../domain/incident/words.ts';
import type { CaseFile } from './case-file.ts';
import { newest, suspectInWords, suspectOf } from './facts.ts';
import { detection, onsetOf } from './figures.ts';
import type { Section, Statement } from './model.ts';
import { moment } from './moments.ts';
import { eventsOf } from './rollbacks.ts';
import { rootCause } from './section-summary.ts';
import { list, proved, unknown } from './statements.ts';
import { causeInWords, textIn } from './wording.ts';
import { written } from './writing.ts';

export const causeSection = (file: CaseFile): Section => ({
  number: 3,
  id: 'root-cause',
  title: 'Root-cause analysis',
  parts: [
    list('what-happened', 'What happened', [
      rootCause(file),
      written(file, 'what-happened', 'What happened', 'how the cause led to what users saw'),
      began(file),
      trigger(file),
      changedBefore(file),
      warningSigns(file),
      escalation(file),
      specialist(file),
      ...otherHypotheses(file),
    ]),
    list('why-not-caught', 'Why it was not caught', [
      written(file, 'why-not-caught-in-review', 'In code review', 'why the review let it pass'),
      written(file, 'why-not-caught-in-testing', 'In testing', 'which test was missing, or passed all the same'),
      written(file, 'why-not-caught-in-deployment', 'In deployment', 'why the rollout did not stop by itself'),
      deployed(file),
    ]),
    list('contributing-factors', 'Contributing factors', [
      written(file, 'contributing-factors', 'Contributing factors', 'what made it likelier, larger or longer'),
      ...contributing(file),
    ]),
  ],
});

const SOURCES: Readonly<Record<OnsetSource, string>> = {
  'active-at': 'since when the alert was active in Prometheus',
  'starts-at': 'the start that the alert named, which is set only after its "for" time',
  person: 'as corrected by a person',
  'severity-raised': 'since when it was that severe',
};

function began(file: CaseFile): Statement {
  const { at, source, corrected } = onsetOf(file);
  const renewed = file.last('onset-renewed');
  const worse = renewed === null ? '' : `; it was taken anew at ${moment(renewed.data.at)}: ${renewed.data.because}`;
  const text = `${moment(at)} (${SOURCES[source]}), ${lengthOf(detection(file))} before it was detected${worse}`;
  return proved('When did it start', text, eventsOf(file.opened, corrected, renewed));
}

function trigger(file: CaseFile): Statement {
  const joined = file.first('alerts-joined');
  if (joined === null) return unknown('What triggered detection');
  const { count, names } = joined.data;
  return proved('What triggered detection', `${plural(count, 'alert')}: ${names.join(', ')}`, [joined]);
}

function changedBefore(file: CaseFile): Statement {
  const label = 'What changed before';
  const found = suspectOf(file);
  if (found !== null) return proved(label, suspectInWords(found.suspect), [found.event]);
  const acquitted = newest(file, 'acquittedChanges');
  if (acquitted !== null && typeof acquitted.value === 'string') {
    return proved(label, `no change that could be the cause: ${acquitted.value}`, [acquitted.event]);
  }
  return unknown(label, 'no change is known that could have caused it');
}

/** Alerts of the incident that were there before its onset, and earlier incidents of the service. */
function warningSigns(file: CaseFile): Statement {
  const label = 'Were there warning signs';
  const proofs: IncidentEvent[] = [];
  const signs: string[] = [];
  const early = file
    .all('alerts-joined')
    .flatMap((event) =>
      event.data.samples.filter(({ startsAt }) => startsAt < onsetOf(file).at).map((sample) => ({ sample, event })),
    );
  for (const { sample, event } of early.slice(0, 5)) {
    signs.push(`${sample.name} since ${moment(sample.startsAt)}`);
    proofs.push(event);
  }
  const prior = newest(file, 'priorIncidents30d');
  if (prior !== null && typeof prior.value === 'number') {
    const count = prior.value === 0 ? 'no other incident' : plural(prior.value, 'incident');
    signs.push(`${count} of the service in the 30 days before`);
    proofs.push(prior.event);
  }
  return signs.length === 0 ? unknown(label) : proved(label, signs.join('; '), proofs);
}

function escalation(file: CaseFile): Statement {
  const label = 'How fast did it escalate';
  const changes = file.all('severity-changed');
  const joined = file.all('alerts-joined');
  if (changes.length === 0) return unknown(label);
  const steps = changes.map(({ data, at }) => `${data.to} at ${moment(at)}`).join(', ');
  const most = joined.reduce<(typeof joined)[number] | null>(
    (max, each) => (max === null || each.data.counts.firing > max.data.counts.firing ? each : max),
    null,
  );
  const firing = most === null ? '' : `; at most ${plural(most.data.counts.firing, 'alert')} firing`;
  return proved(label, `${steps}${firing}`, [...changes, ...(most === null ? [] : [most])]);
}

function specialist(file: CaseFile): Statement {
  const label = 'Who was asked';
  const routed = file.last('routing-decided');
  if (routed === null) return unknown(label, 'it was routed to nobody');
  const { specialist: team, because } = routed.data;
  return proved(label, team === null ? `no specialist: ${because}` : `${team}: ${because}`, [routed]);
}

/** Every hypothesis but the one that stands for the root cause. */
function otherHypotheses(file: CaseFile): readonly Statement[] {
  const { rootCauses } = file.state;
  return rootCauses
    .filter(({ state }) => state === 'refuted')
    .map((cause) => {
      const recorded = file.all('root-cause-recorded').filter(({ data }) => data.id === cause.id);
      const judged = file.all('root-cause-judged').findLast(({ data }) => data.id === cause.id);
      const why = judged === undefined ? '' : `: ${judged.data.because}`;
      const proofs = [...recorded.slice(-1), ...(judged === undefined ? [] : [judged])];
      return proved('Also considered', `${causeInWords(cause)}${why}`, proofs);
    });
}

function deployed(file: CaseFile): Statement {
  const label = 'Known of the deployment';
  const found = suspectOf(file);
  if (found === null) return unknown(label, 'no suspect change');
  const source = textIn(found.suspect, 'source');
  const how = source === null ? '' : source === 'target' ? ', as the target itself says' : ', as the change feed says';
  return proved(label, `${suspectInWords(found.suspect)}${how}`, [found.event]);
}

/** What made it worse or longer, as far as events say so. */
function contributing(file: CaseFile): readonly Statement[] {
  const label = 'Known';
  const blockers = file.all('blocker-added').map((event) => {
    const cleared = file.all('blocker-cleared').find(({ data }) => data.id === event.data.id);
    const until = cleared === undefined ? ', never cleared' : `, cleared ${moment(cleared.at)}`;
    const text = `Blocker told by ${event.data.by} at ${moment(event.at)}${until}: ${event.data.text}`;
    return proved(label, text, cleared === undefined ? [event] : [event, cleared]);
  });
  const stopped = file
    .all('rollback-stopped')
    .map((event) => proved(label, `A rollback was stopped by ${event.data.rail}: ${event.data.because}`, [event]));
  const meddled = file
    .all('change-noticed')
    .filter(({ data }) => data.beforeRestoration)
    .map((event) => {
      const { kind, version, id, service, by } = event.data;
      const text = `${kind} ${version ?? id} of ${service} by ${by ?? 'nobody named'} before the service was restored`;
      return proved(label, text, [event]);
    });
  const decided = file.first('severity-decided');
  const missing = decided?.data.unknownFacts ?? [];
  const blind =
    decided === null || missing.length === 0
      ? []
      : [proved(label, `Not measured when the severity was decided: ${missing.join(', ')}`, [decided])];
  return [...blockers, ...stopped, ...meddled, ...blind];
}
