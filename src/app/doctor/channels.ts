import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { classifyHttp, createHttp } from '../../clients/http.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import { verifyMail } from '../../notify/email/client.ts';
import type { Settings } from '../../settings/types.ts';
import { readingOf } from './clock.ts';
import type { Found } from './line.ts';
import { failed, ofFailure, ok, warning } from './line.ts';

const TIMEOUT_MS = 10_000;

/** Connects and logs in; a mail is not sent. */
export async function checkEmail({ email }: Settings): Promise<Found> {
  if (email === null) {
    return {
      checks: [warning('email', 'not configured: nobody hears of P2 and P3', 'Set email.smtpUrl, from and to.')],
    };
  }
  const failure = await verifyMail({ smtpUrl: () => email.smtpUrl.reveal() });
  if (failure !== null) return { checks: [ofFailure('email', failure, 'the user and the password in email.smtpUrl')] };
  return {
    checks: [ok('email', `${new URL(email.smtpUrl.reveal()).hostname} takes our login, for ${email.to.join(', ')}`)],
  };
}

/** One request a second is what it allows. */
const STATUSPAGE_PACE_MS = 1_100;
const Page = z.looseObject({ name: z.string().nullish() });
const Components = z.array(z.looseObject({ id: z.string(), name: z.string() }));

export async function checkStatuspage({ statuspage: own }: Settings, now: () => number): Promise<Found> {
  if (own === null) return { checks: [] };
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak', baseUrl: own.apiUrl });
  const path = `/pages/${encodeURIComponent(own.pageId)}`;
  const config = { headers: { Authorization: `OAuth ${own.apiKey.reveal()}` } };
  try {
    const before = now();
    const page = await http.get<unknown>(path, config);
    const date: unknown = page.headers['date'];
    const clocks = readingOf('Statuspage', typeof date === 'string' ? Date.parse(date) : null, before, now());
    if (page.status === 404) {
      const advice = 'Compare statuspage.pageId with the one in the page settings.';
      return { checks: [failed('statuspage', `there is no page ${own.pageId}`, advice)], clocks };
    }
    if (page.status !== 200)
      return { checks: [ofFailure('statuspage', classifyHttp(page.status), 'statuspage.apiKey')] };
    await delay(STATUSPAGE_PACE_MS);
    const components = await http.get<unknown>(`${path}/components`, config);
    const name = Page.safeParse(page.data).data?.name ?? own.pageId;
    return { checks: [ok('statuspage', `the page ${name}`), componentCheck(components, own.components)], clocks };
  } catch (error) {
    return { checks: [ofFailure('statuspage', classifyHttp(error), 'statuspage.apiKey')] };
  }
}

function componentCheck(
  { status, data }: { readonly status: number; readonly data: unknown },
  configured: Readonly<Record<string, readonly string[]>>,
): DoctorCheck {
  const name = 'statuspage components';
  const read = Components.safeParse(data);
  if (status !== 200 || !read.success) return ofFailure(name, classifyHttp(status), 'statuspage.apiKey');
  const there = new Set(read.data.map(({ id }) => id));
  const gone = Object.values(configured)
    .flat()
    .filter((id) => !there.has(id));
  if (gone.length === 0) return ok(name, `${there.size} on the page`);
  const known = read.data.map((each) => `${each.id} (${each.name})`).join(', ');
  return failed(
    name,
    `not on the page: ${gone.join(', ')}`,
    `Compare statuspage.components with those there: ${known}`,
  );
}

/** Our webhooks are signed messages; a request without one says that somebody answers. */
export async function checkWebhooks({ webhooks }: Settings): Promise<Found> {
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const checks = await Promise.all(
    webhooks.map(async ({ name, url }) => {
      try {
        await http.head(url);
        return ok(`webhook ${name}`, 'somebody answers; whether it takes the signature shows in a drill');
      } catch (error) {
        return ofFailure(`webhook ${name}`, classifyHttp(error), 'its secret');
      }
    }),
  );
  return { checks };
}
