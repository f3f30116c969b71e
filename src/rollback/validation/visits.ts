import type { JourneyStep } from '../../domain/policy.ts';
import type { RecoveryCheck } from '../../domain/recovery.ts';
import { createCookieJar, type CookieJar } from './cookies.ts';
import type { Journey, ProbeDeps, Scope } from './ports.ts';
import { addressOf, visit, type Answered } from './visit.ts';

type Outcome = Pick<RecoveryCheck, 'result' | 'detail'>;

/** Any 2xx is healthy; all are asked at the same time. */
export const checkHealth = (
  deps: ProbeDeps,
  urls: readonly string[],
  scope: Scope,
  signal: AbortSignal,
): Promise<readonly RecoveryCheck[]> =>
  Promise.all(
    urls.map(async (template) => {
      const address = addressOf(template, scope);
      if ('wrong' in address) return { name: `health ${template}`, result: 'unknown', detail: address.wrong };
      return { name: `health ${address.url.href}`, ...(await healthOf(deps, address.url, signal)) };
    }),
  );

async function healthOf(deps: ProbeDeps, url: URL, signal: AbortSignal): Promise<Outcome> {
  const seen = await visit(deps, { method: 'GET', url, cookies: '' }, signal);
  if (seen.kind === 'not-asked') return { result: 'unknown', detail: seen.why };
  if (seen.kind === 'not-answered') return { result: 'fail', detail: seen.why };
  const { status } = seen.answer;
  const healthy = status >= 200 && status < 300;
  return { result: healthy ? 'pass' : 'fail', detail: healthy ? `HTTP ${status}` : deps.classify(status).message };
}

/** Journeys run side by side, each with cookies of its own. */
export const checkJourneys = (
  deps: ProbeDeps,
  list: readonly Journey[],
  scope: Scope,
  signal: AbortSignal,
): Promise<readonly RecoveryCheck[]> =>
  Promise.all(
    list.map(async (journey) => ({ name: `journey ${journey.name}`, ...(await walk(deps, journey, scope, signal)) })),
  );

async function walk(deps: ProbeDeps, { steps }: Journey, scope: Scope, signal: AbortSignal): Promise<Outcome> {
  const jar = createCookieJar(() => deps.clock.now());
  for (const [index, step] of steps.entries()) {
    const { result, detail } = await take(deps, step, jar, scope, signal);
    if (result === 'pass') continue;
    return { result, detail: `step ${index + 1} of ${steps.length}, ${step.method} ${step.url}: ${detail}` };
  }
  if (steps.length === 0) return { result: 'unknown', detail: 'it has no steps' };
  return { result: 'pass', detail: `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} passed` };
}

async function take(
  deps: ProbeDeps,
  step: JourneyStep,
  jar: CookieJar,
  scope: Scope,
  signal: AbortSignal,
): Promise<Outcome> {
  const address = addressOf(step.url, scope);
  if ('wrong' in address) return { result: 'unknown', detail: address.wrong };
  const { url } = address;
  const seen = await visit(deps, { method: step.method, url, cookies: jar.headerFor(url) }, signal);
  if (seen.kind === 'not-asked') return { result: 'unknown', detail: seen.why };
  if (seen.kind === 'not-answered') return { result: 'fail', detail: seen.why };
  jar.keep(seen.answer.setCookies, url);
  const unmet = unmetBy(seen.answer, step);
  return unmet === null ? { result: 'pass', detail: '' } : { result: 'fail', detail: unmet };
}

const SHOWN_TEXT = 100;

function unmetBy({ status, body }: Answered, { expectStatus, expectBody }: JourneyStep): string | null {
  if (status !== expectStatus) return `HTTP ${status}, ${expectStatus} expected`;
  if (expectBody === null || body.includes(expectBody)) return null;
  return `the answer does not hold ${JSON.stringify(expectBody.slice(0, SHOWN_TEXT))}`;
}
