const HIDDEN = '[secret]';
/** A shorter value would hide half of the text and protects nothing. */
const SHORTEST = 4;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${HIDDEN}@`],
  [
    /(\b[\w-]*(?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"'[]+)/gi,
    `$1${HIDDEN}`,
  ],
  [/(--(?:password|token|secret|api-key)\s+)[^\s[]+/gi, `$1${HIDDEN}`],
];

const known = (secrets: readonly string[]): readonly string[] =>
  secrets.filter(({ length }) => length >= SHORTEST).toSorted((a, b) => b.length - a.length);

/** Hides the secrets that we know, and what looks like one. */
export const redact = (text: string, secrets: readonly string[]): string => {
  const shown = known(secrets).reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  return PATTERNS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), shown);
};

/** How much of a secret the beginning of a text is the end of. */
const remnant = (text: string, secret: string): number => {
  for (let length = secret.length - 1; length > 0; length -= 1) {
    if (text.startsWith(secret.slice(-length))) return length;
  }
  return 0;
};

/**
 * The same for a text whose beginning was cut off, perhaps in the middle of a secret: the line that was cut goes, and
 * so does what is left of a secret that we know.
 */
export const redactTail = (text: string, secrets: readonly string[]): string => {
  const cut = Math.max(0, ...known(secrets).map((secret) => remnant(text, secret)));
  const rest = text.slice(cut);
  const lineEnd = rest.indexOf('\n');
  return redact(lineEnd === -1 ? rest : rest.slice(lineEnd + 1), secrets);
};
