import { accessSync, appendFileSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that some tests need and that npm does not bring, with the Debian packages they come from. */
const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  jq: 'jq',
  curl: 'curl',
} as const;
export type ToolName = keyof typeof PACKAGES;

/** Set by left-out-reporter.js: the file in which tests that are left out are recorded, a JSON object a line. */
const RECORD_VARIABLE = 'FIREBREAK_LEFT_OUT';

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];

const find = (name: ToolName): string | null =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }) ?? null;

const haveTool = (name: ToolName): boolean => find(name) !== null;

/** Where the tool is. Throws when this machine has none. */
export function toolPath(name: ToolName): string {
  const path = find(name);
  if (path === null) throw new Error(`${name} is not on this machine: ${remedy([name])}`);
  return path;
}

/** The one line that brings the tools. */
const remedy = (names: readonly ToolName[]): string =>
  `apt-get install -y ${[...new Set(names.map((name) => PACKAGES[name]))].sort().join(' ')}`;

/**
 * `describe` for tests that need tools. Where one is missing the tests are left out, and a single test stands in their
 * place: it makes sure that the tool really is missing and records it, so that the end of the run says what was not
 * tested. With CI=true it fails: there, leaving tests out would go unseen.
 */
export function describeWith(tools: readonly ToolName[], title: string, tests: () => void): void {
  const missing = tools.filter((name) => !haveTool(name));
  if (missing.length === 0) describe(title, tests);
  else
    describe(title, () => {
      notice(title, missing);
    });
}

function notice(title: string, missing: readonly ToolName[]): void {
  it(`is left out: this machine has no ${missing.join(', no ')}`, () => {
    expect(missing.filter(haveTool)).toEqual([]);
    const install = remedy(missing);
    if (process.env['CI'] === 'true') throw new Error(`${title} cannot be tested here: ${install}`);
    const record = process.env[RECORD_VARIABLE];
    if (record === undefined) return;
    const { testPath: file } = expect.getState();
    appendFileSync(record, `${JSON.stringify({ title, file, missing, install })}\n`);
  });
}
