import { isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';

import type { Problem } from './types.ts';
import { isTree } from './tree.ts';
import type { Tree } from './tree.ts';

export type YamlResult = { readonly tree: Tree } | { readonly problems: readonly Problem[] };

/**
 * Reads one YAML document whose top is a group of keys; an empty one is an empty group. Problems carry line and
 * column and none of the text, since what is broken may be a secret.
 */
export function parseYaml(text: string, file: string): YamlResult {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error' });
    const faults = [...[...document.errors, ...document.warnings].map(fromLibrary), ...ownFaults(document)];
    if (faults.length > 0) return { problems: faults.map((fault) => located(fault, lines, file)) };
    return topGroup(document.toJS({ maxAliasCount: 100 }), file);
  } catch {
    // The library throws for what is nested or aliased beyond reason.
    return { problems: [{ field: file, message: 'too deeply nested, or too many aliases' }] };
  }
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** For these the library quotes the text. */
const OWN_WORDS: Partial<Record<YAMLError['code'], string>> = {
  UNEXPECTED_TOKEN: 'unexpected text; put the value in quotes if it has special characters',
  TAG_RESOLVE_FAILED: 'unknown tag; put a value that begins with ! in quotes',
  BAD_DQ_ESCAPE: 'invalid escape after \\ in double quotes; use single quotes for plain text',
  BAD_DIRECTIVE: 'unknown directive; put a value that begins with % in quotes',
  DUPLICATE_KEY: 'this key is written twice',
  MULTIPLE_DOCS: 'more than one document (---) in the file',
};

const fromLibrary = (error: YAMLError): Fault => ({
  offset: error.pos[0],
  message: OWN_WORDS[error.code] ?? error.message,
});

/** What the library accepts, or finds out too late to say where. */
function ownFaults(document: Document.Parsed): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      faults.push({
        offset: alias.range?.[0] ?? 0,
        message: 'alias without an anchor; put a value that begins with * in quotes',
      });
    },
    Pair(_key, pair) {
      const { key } = pair;
      if (isScalar(key)) return;
      faults.push({ offset: (isNode(key) ? key.range?.[0] : null) ?? 0, message: 'a key must be plain text' });
    },
  });
  return faults;
}

function located(fault: Fault, lines: LineCounter, file: string): Problem {
  const { line, col } = lines.linePos(fault.offset);
  return { field: file, message: `line ${line}, column ${col}: ${fault.message}` };
}

function topGroup(value: unknown, file: string): YamlResult {
  if (value === null || value === undefined) return { tree: {} };
  if (isTree(value)) return { tree: value };
  return { problems: [{ field: file, message: 'expected a group of keys at the top, such as `http:`' }] };
}
