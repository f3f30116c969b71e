import type { Severity } from './severity.ts';
import type { Instant } from './time.ts';
import { ms } from './time.ts';

/*
 * While Firebreak runs beside an existing setup: who would have been woken by both, and who by one of them alone. The
 * answer to "may we cut over?" is in the second half.
 */

/** An incident of ours in the time that is compared, whether it paged or not. */
export interface ComparedIncident {
  readonly id: string;
  readonly title: string;
  readonly service: string | null;
  readonly severity: Severity;
  readonly because: string;
  readonly rule: string | null;
  readonly openedAt: Instant;
  /** When it was restored or resolved; null while it is not. */
  readonly endedAt: Instant | null;
  /** Its first page in that time; null: it paged nobody. */
  readonly page: { readonly at: Instant; readonly reason: string; readonly because: string } | null;
  /** The incident that pages for both. */
  readonly linkedTo: string | null;
  readonly alertNames: readonly string[];
  /** Hex sha256 of the group keys under which its alerts came: what Alertmanager's own PagerDuty receiver uses as `dedup_key`. */
  readonly groupHashes: readonly string[];
  /** Nothing but PagerDuty itself told us of it. */
  readonly onlyFromPagerDuty: boolean;
}

/** An incident that somebody else raised in PagerDuty. */
export interface PagerDutyPage {
  readonly id: string;
  readonly at: Instant;
  readonly title: string;
  readonly service: string | null;
  readonly url: string | null;
  readonly incidentKey: string | null;
}

export type MatchedBy = 'dedup-key' | 'service-and-time' | 'title-and-time';

export interface OurPage {
  readonly incidentId: string;
  readonly at: Instant;
  readonly title: string;
  readonly service: string | null;
  readonly severity: Severity;
  readonly because: string;
}

export interface PageComparison {
  readonly since: Instant;
  readonly until: Instant;
  readonly both: readonly {
    readonly firebreak: OurPage;
    /** One page of ours may stand for several there: Alertmanager pages by group. */
    readonly pagerduty: readonly (PagerDutyPage & { readonly matchedBy: MatchedBy })[];
  }[];
  /** Missed by us. `because`: what our rules made of it, or that we never heard of it. */
  readonly onlyPagerDuty: readonly (PagerDutyPage & {
    readonly because: string;
    readonly incidentId: string | null;
  })[];
  readonly onlyFirebreak: readonly OurPage[];
}

/** Two pages for one thing come within this time of each other. */
export const MATCH_WITHIN_MS = 600_000;

/** Compares the pages of [since, until). What lies up to `MATCH_WITHIN_MS` outside is looked at for matches only. */
export function comparePages(
  since: number,
  until: number,
  incidents: readonly ComparedIncident[],
  pages: readonly PagerDutyPage[],
): PageComparison {
  const paging = incidents.filter(({ page, onlyFromPagerDuty }) => page !== null && !onlyFromPagerDuty);
  const matches = pages.flatMap((page) => {
    const match = bestMatch(page, paging);
    return match === null ? [] : [{ page, ...match }];
  });
  const isWithin = (at: Instant): boolean => ms(at) >= since && ms(at) < until;
  const matched = new Set(matches.map(({ page }) => page.id));
  const ofIncident = Map.groupBy(matches, ({ incident }) => incident.id);
  const ours = paging.filter(({ page }) => page !== null && isWithin(page.at)).sort(byPage);
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    both: ours.flatMap((incident) => {
      const found = ofIncident.get(incident.id);
      const pagerduty = found?.map(({ page, matchedBy }) => ({ ...page, matchedBy }));
      return pagerduty === undefined ? [] : [{ firebreak: ourPage(incident), pagerduty }];
    }),
    onlyPagerDuty: pages
      .filter((page) => isWithin(page.at) && !matched.has(page.id))
      .map((page) => ({ ...page, ...whyMissed(page, incidents) })),
    onlyFirebreak: ours.filter(({ id }) => !ofIncident.has(id)).map(ourPage),
  };
}

const byPage = (a: ComparedIncident, b: ComparedIncident): number =>
  ms(a.page?.at ?? a.openedAt) - ms(b.page?.at ?? b.openedAt);

const ourPage = ({ id, title, service, severity, rule, page, openedAt }: ComparedIncident): OurPage => ({
  incidentId: id,
  at: page?.at ?? openedAt,
  title,
  service,
  severity,
  because: `${page?.reason ?? ''}: ${page?.because ?? ''}${ruleText(rule)}`,
});

const ruleText = (rule: string | null): string => (rule === null ? ' (no rule matched)' : ` (rule ${rule})`);

const STRENGTH: readonly MatchedBy[] = ['dedup-key', 'service-and-time', 'title-and-time'];

/** The surest match; of several as sure, the nearest in time. */
function bestMatch(
  page: PagerDutyPage,
  incidents: readonly ComparedIncident[],
): { readonly incident: ComparedIncident; readonly matchedBy: MatchedBy } | null {
  const found = incidents.flatMap((incident) => {
    const matchedBy = matchOf(page, incident);
    return matchedBy === null ? [] : [{ incident, matchedBy, away: distance(page, incident) }];
  });
  const rank = (matchedBy: MatchedBy): number => STRENGTH.indexOf(matchedBy);
  const [best] = found.sort((a, b) => rank(a.matchedBy) - rank(b.matchedBy) || a.away - b.away);
  return best ?? null;
}

function matchOf(page: PagerDutyPage, incident: ComparedIncident): MatchedBy | null {
  const isNear = distance(page, incident) <= MATCH_WITHIN_MS;
  const sameKey = page.incidentKey !== null && incident.groupHashes.includes(page.incidentKey);
  // A group key comes again with every occurrence.
  if (sameKey && (isNear || lasts(page, incident))) return 'dedup-key';
  // It is one incident here, however many groups of it page there while it lasts.
  if (!isNear && !lasts(page, incident)) return null;
  if (isSameService(page, incident)) return 'service-and-time';
  return isInTitle(page, incident) ? 'title-and-time' : null;
}

/** From the page, or for what paged nobody from the opening. */
const beginning = ({ page, openedAt }: ComparedIncident): number => ms(page?.at ?? openedAt);

const distance = (page: PagerDutyPage, incident: ComparedIncident): number =>
  Math.abs(ms(page.at) - beginning(incident));

const lasts = ({ at }: PagerDutyPage, incident: ComparedIncident): boolean =>
  ms(at) >= beginning(incident) && (incident.endedAt === null || ms(at) <= ms(incident.endedAt));

/** `Checkout API` there and `checkout-api` here. */
const plain = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');

const isSameService = (page: PagerDutyPage, { service }: ComparedIncident): boolean =>
  service !== null && page.service !== null && plain(service) !== '' && plain(service) === plain(page.service);

const words = (text: string): readonly string[] => text.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u);

/** Alertmanager's own title names the alert and its labels. */
const isInTitle = ({ title }: PagerDutyPage, { service, alertNames }: ComparedIncident): boolean => {
  const said = words(title);
  const isNamed = alertNames.some((name) => said.includes(name.toLowerCase()));
  return isNamed && (service === null || said.includes(service.toLowerCase()));
};

function whyMissed(
  page: PagerDutyPage,
  incidents: readonly ComparedIncident[],
): { readonly because: string; readonly incidentId: string | null } {
  const known = bestMatch(
    page,
    incidents.filter(({ onlyFromPagerDuty }) => !onlyFromPagerDuty),
  );
  if (known === null) {
    const minutes = MATCH_WITHIN_MS / 60_000;
    return { because: `no alert of it came within ${minutes} minutes, but for PagerDuty's own`, incidentId: null };
  }
  const { id, severity, because, rule, linkedTo, page: paged } = known.incident;
  if (paged !== null) return { because: `${id} paged at another time`, incidentId: id };
  const linked = linkedTo === null ? 'which does not page' : `and ${linkedTo} pages for both`;
  return { because: `${id} is ${severity}, ${linked}: ${because}${ruleText(rule)}`, incidentId: id };
}

export const countsOf = ({ both, onlyPagerDuty, onlyFirebreak }: PageComparison) => ({
  both: both.length,
  onlyPagerDuty: onlyPagerDuty.length,
  onlyFirebreak: onlyFirebreak.length,
});
