import fc from 'fast-check';
import type { Alert } from '../../src/domain/alert.ts';
import type { KnownAlert } from '../../src/domain/alert-merge.ts';
import { mergeAlert } from '../../src/domain/alert-merge.ts';
import { iso } from '../../src/domain/time.ts';
import { LATE_MS, NOW, observed } from '../unit/ingest-support.ts';

interface Word {
  readonly alert: Alert;
  readonly contentHash: string;
}

const word = (startsAt: number, endsAt: number | null): Word =>
  observed({
    status: endsAt === null ? 'firing' : 'resolved',
    startsAt: iso(startsAt),
    endsAt: endsAt === null ? null : iso(endsAt),
  });

/** Firing S1, resolved S1..E1, firing S2, …; it ends with the one or the other. Ends may touch the next start. */
const history: fc.Arbitrary<readonly Word[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 5000 })), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.boolean(),
  )
  .map(([occurrences, stillFires]) => {
    let at = NOW - 3_600_000;
    const words = occurrences.flatMap(([gap, length]) => {
      const startsAt = at + gap;
      at = startsAt + length;
      return [word(startsAt, null), word(startsAt, at)];
    });
    return stillFires ? words.slice(0, -1) : words;
  })
  // Two occurrences with one start would be one.
  .filter((words) => new Set(words.map(({ alert }) => alert.status + alert.startsAt)).size === words.length);

function fold(words: readonly Word[]): KnownAlert | null {
  return words.reduce<KnownAlert | null>(
    // All of it within the late window.
    (known, { alert, contentHash }, i) => mergeAlert(known, alert, contentHash, NOW + i, LATE_MS).next,
    null,
  );
}

const ending = (known: KnownAlert | null) => ({
  status: known?.status,
  startsAt: known?.startsAt,
  fired: known?.fired,
});

/** The history with some words more than once, in any order. */
const deliveredSomehow = history.chain((words) =>
  fc
    .array(fc.constantFrom(...words), { maxLength: 6 })
    .chain((again) => {
      const all = [...words, ...again];
      return fc.shuffledSubarray(all, { minLength: all.length });
    })
    .map((delivered) => ({ words, delivered })),
);

test('for any order and repetition of what an alert went through, the end is the same', () => {
  fc.assert(
    fc.property(deliveredSomehow, ({ words, delivered }) => {
      expect(ending(fold(delivered))).toEqual(ending(fold(words)));
    }),
    { numRuns: 2000 },
  );
});

test('the end is that of the history itself', () => {
  fc.assert(
    fc.property(history, (words) => {
      const last = words.at(-1)!.alert;
      expect(ending(fold(words))).toEqual({ status: last.status, startsAt: Date.parse(last.startsAt), fired: true });
    }),
  );
});

test('the latest word again changes nothing: what the memory of repeats rests on', () => {
  fc.assert(
    fc.property(deliveredSomehow, fc.integer({ min: 0, max: 10 * LATE_MS }), ({ delivered }, later) => {
      const before = fold(delivered.slice(0, -1));
      const latest = delivered.at(-1)!;
      const once = mergeAlert(before, latest.alert, latest.contentHash, NOW, LATE_MS);
      const twice = mergeAlert(once.next, latest.alert, latest.contentHash, NOW + later, LATE_MS);
      // A word that was superseded is the exception: after the window it is a re-fire. Such words are not remembered.
      fc.pre(once.next.contentHash === latest.contentHash);
      expect(twice).toEqual({ outcome: 'repeat', next: once.next });
    }),
  );
});
