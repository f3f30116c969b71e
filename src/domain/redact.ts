const HIDDEN = '[redacted]';

/** What looks like a credential in text that others wrote. Better a word too many than a key in a timeline. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, HIDDEN],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, HIDDEN],
  [/\bAIza[\w-]{30,}/g, HIDDEN],
  [/\b(?:xox[abeprs]|gh[oprsu]|github_pat|glpat|sk|pk|rk)[-_][\w-]{10,}/g, HIDDEN],
  [/(hooks\.slack\.com\/services\/)[\w/]+/gi, `$1${HIDDEN}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // user:password@host; the password may hold an @
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/]+@/gi, `$1${HIDDEN}@`],
  [/\b((?:set-)?cookie["']?\s*[:=]\s*)[^\r\n"']+/gi, `$1${HIDDEN}`],
  [/((?<=^|\s)--[\w-]*(?:password|secret|token|api-key)\s+)[^\s=:-]\S*/gi, `$1${HIDDEN}`],
  // name = value, also as JSON, and as JSON inside JSON
  [
    /((?:pass(?:word|wd|phrase)|(?<![a-z])pass|secret|token|credential|authorization|session[-_]?id|(?:api|access|private|secret|signing|encryption|auth)[-_]?key)s?\\?["']?\s*[:=]\s*)(\\?"(?:[^"\\]|\\(?!"))*\\?"|'[^']*'|[^\s,;&}"'\\]+)/gi,
    `$1${HIDDEN}`,
  ],
];

/** The text without what looks like a credential. For evidence: logs and events that others wrote. */
export const redact = (text: string): string =>
  PATTERNS.reduce((shown, [pattern, by]) => shown.replace(pattern, by), text);
