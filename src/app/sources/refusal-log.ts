import { REFUSALS_SPELL_MS } from '../../domain/pipeline-health.ts';
import type { RefusedRequest, Source } from '../../ingest/ports.ts';
import type { RefusalNews } from '../../store/pipeline-health.ts';
import { recordRefusals } from '../../store/pipeline-health.ts';
import type { Store } from '../../store/store.ts';

export interface RefusalLog {
  readonly refused: (request: RefusedRequest) => void;
  readonly accepted: (source: Source) => void;
  /** Writes down what has happened since the last time. What fails is kept for the next time. */
  readonly flush: () => Promise<void>;
}

/** Reasons that have a row of their own; whoever sends something else shares one, so that rows stay few. */
const CODES: ReadonlySet<string> = new Set(['unauthorized', 'too-large', 'unsupported-media-type']);

/** Sources that give up after so many refusals in a row. Of all others an accepted request says nothing. */
const IN_A_ROW: ReadonlySet<Source> = new Set(['pagerduty']);

/**
 * Counts refused requests in memory and writes them down about once a second: a stranger who is refused a thousand times a
 * second costs the store no more than one who is refused once.
 */
export function createRefusalLog(store: Store): RefusalLog {
  let accepted = new Set<Source>();
  let news = new Map<string, RefusalNews>();
  const add = (more: RefusalNews): void => {
    const key = `${more.source}/${more.code}`;
    const known = news.get(key);
    news.set(key, known === undefined ? more : sumOf(known, more));
  };
  return {
    refused({ source, code: given, at, identified }) {
      const code = CODES.has(given) ? given : 'unreadable';
      add({ source, code, count: 1, firstAt: at, lastAt: at, inARow: identified ? 1 : 0 });
    },
    accepted(source) {
      if (!IN_A_ROW.has(source)) return;
      accepted.add(source);
      for (const [key, known] of news) if (known.source === source) news.set(key, { ...known, inARow: 0 });
    },
    async flush() {
      if (accepted.size + news.size === 0) return;
      const [sources, refusals] = [accepted, news];
      accepted = new Set();
      news = new Map();
      try {
        await store.transaction((uow) =>
          recordRefusals(uow.trx, [...sources], [...refusals.values()], REFUSALS_SPELL_MS),
        );
      } catch (error) {
        const since = new Set(accepted);
        for (const source of sources) accepted.add(source);
        // A row begins anew with what was accepted after it.
        for (const each of refusals.values()) add(since.has(each.source as Source) ? { ...each, inARow: 0 } : each);
        throw error;
      }
    },
  };
}

const sumOf = (a: RefusalNews, b: RefusalNews): RefusalNews => ({
  ...a,
  count: a.count + b.count,
  firstAt: Math.min(a.firstAt, b.firstAt),
  lastAt: Math.max(a.lastAt, b.lastAt),
  inARow: a.inARow + b.inARow,
});
