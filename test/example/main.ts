import { writeFileSync } from 'node:fs';
import { toHtml } from '../../src/report/html.ts';
import { toMarkdown } from '../../src/report/markdown.ts';
import { reportOf } from '../../src/report/report.ts';
import { playLoginIncident } from './login-incident.ts';
import { fileOf } from './stage.ts';

/** Writes the post-mortem of the worked example: the same bytes every time. */
const report = reportOf(await playLoginIncident());
if (report === null) throw new Error('the example opens no incident');
for (const [path, text] of [
  ['docs/example-post-mortem.md', toMarkdown(report)],
  ['docs/example-post-mortem.html', toHtml(report)],
] as const) {
  writeFileSync(fileOf(path), text);
  process.stdout.write(`${path}\n`);
}
