import fc from 'fast-check';
import { bounded, dedupKeyOf } from '../../src/notify/pagerduty/messages.ts';
import { clean, escapeSlack, oneLine, shorten, slackLink, slackText, webUrl } from '../../src/notify/text.ts';

/** Text with what is dangerous to Slack in it more often than by chance. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '&',
        '|',
        '!',
        '@',
        '<!channel>',
        '<@U1>',
        '&lt;',
        '💥',
        '\u202e',
        '\ud83d',
        '\n',
        '\u0000',
      ),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));
const limit = fc.integer({ min: 0, max: 60 });
/** A complete entity, or anything that is neither an angle bracket nor an ampersand. */
const ESCAPED = /^(?:&amp;|&lt;|&gt;|[^<>&])*$/u;

describe('slackText', () => {
  test('is never live, never too long, never cut inside a character or an entity', () => {
    fc.assert(
      fc.property(nasty, limit, (text, most) => {
        const out = slackText(text, most);
        expect(out.length).toBeLessThanOrEqual(most);
        expect(out).toMatch(ESCAPED);
        expect(out).not.toMatch(/<[!@]/);
        expect(out.isWellFormed()).toBe(true);
      }),
    );
  });

  test('says all of it when there is room', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(slackText(text, 1e6)).toBe(escapeSlack(clean(text)));
      }),
    );
    expect(slackText('a < b & c', 100)).toBe('a &lt; b &amp; c');
    expect(slackText('<<<<', 9)).toBe('&lt;&lt;…');
  });
});

describe('slackLink', () => {
  test('is one link to a web address, or text, and never too long', () => {
    fc.assert(
      fc.property(
        nasty,
        fc.oneof(fc.webUrl({ withFragments: true, withQueryParameters: true }), nasty),
        limit,
        (text, href, most) => {
          for (const length of [most, 3_000]) {
            const out = slackLink(text, href, length);
            expect(out.length).toBeLessThanOrEqual(length);
            if (out.startsWith('<')) expect(out).toMatch(/^<https?:[^<>|\s]+\|[^<>|]+>$/u);
            else expect(out).toMatch(ESCAPED);
          }
        },
      ),
    );
  });

  test('keeps the parts of an address apart from the text', () => {
    expect(slackLink('a|b', 'https://e.com/?q=1|2&r=<x>', 200)).toBe('<https://e.com/?q=1%7C2&amp;r=%3Cx%3E|a¦b>');
    expect(slackLink('text', 'javascript:alert(1)', 200)).toBe('text');
  });
});

describe('shorten', () => {
  test('keeps what fits, and cuts at a code point', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), limit, (text, most) => {
        const out = shorten(text, most);
        expect(out.length).toBeLessThanOrEqual(most);
        expect(out.isWellFormed()).toBe(true);
        if (text.length <= most) expect(out).toBe(text);
      }),
    );
    expect(shorten('a💥b', 3)).toBe('a…');
    expect(shorten('abcdef', 4)).toBe('abc…');
  });
});

describe('clean', () => {
  test('leaves nothing that is not seen or that turns text around', () => {
    expect(clean('a\u202eb\u0000c\u001b[31m\u200bd\u2066e\u{e0041}\ud83d')).toBe('abc[31mde\ufffd');
    expect(clean('a\r\nb\u2028c\td')).toBe('a\nb\nc\td');
    expect(oneLine('  a\n\n b\t')).toBe('a b');
    expect(clean('👩‍🚀 नमस्ते العربية')).toBe('👩‍🚀 नमस्ते العربية');
  });

  test('twice is the same as once', () => {
    fc.assert(fc.property(nasty, (text) => clean(clean(text)) === clean(text)));
  });
});

test('only web addresses without credentials are linked to', () => {
  expect(webUrl('https://example.com/a b')).toBe('https://example.com/a%20b');
  for (const no of [
    'javascript:alert(1)',
    'ftp://x/',
    'https://u:p@x/',
    '/path',
    '',
    `https://x/${'a'.repeat(3_000)}`,
  ]) {
    expect(webUrl(no)).toBeNull();
  }
});

test('details of a page fit the limit, whatever they are', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 100, max: 400 }), (details, most) => {
      const out = bounded(details, most);
      expect(Buffer.byteLength(JSON.stringify(out))).toBeLessThanOrEqual(most + 60);
    }),
  );
});

test('a dedup key is stable, unlike others, and never too long', () => {
  expect(dedupKeyOf('INC-20261123-151300')).toBe('firebreak-INC-20261123-151300');
  const long = dedupKeyOf('x'.repeat(500));
  expect(long.length).toBeLessThanOrEqual(255);
  expect(long).not.toBe(dedupKeyOf('x'.repeat(501)));
});
