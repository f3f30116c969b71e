import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** Says at the very end of a run which tests were left out for want of a tool, and what brings the tool. See tools.ts. */
export default class LeftOutReporter {
  #root;
  /** Comes to be with the first test that is left out. */
  #record = join(tmpdir(), `firebreak-left-out-${process.pid}-${Date.now()}.jsonl`);

  constructor(globalConfig) {
    this.#root = globalConfig.rootDir;
    // Reporters are made before the first worker starts, and workers inherit the environment.
    process.env.FIREBREAK_LEFT_OUT = this.#record;
  }

  onRunComplete() {
    const leftOut = this.#read();
    rmSync(this.#record, { force: true });
    if (leftOut.length === 0) return;
    const lines = leftOut.map(({ file, title }) => `  ${relative(this.#root, file)}: ${title}`);
    const installs = new Set(leftOut.flatMap(({ install }) => install.replace('apt-get install -y ', '').split(' ')));
    const remedy = `apt-get install -y ${[...installs].sort().join(' ')}`;
    // Jest's own summary comes after the reporters; this must not scroll away above it.
    process.once('exit', () => {
      process.stderr.write(`\nLeft out, because a tool is missing:\n${lines.join('\n')}\nTo run them too: ${remedy}\n`);
    });
  }

  #read() {
    try {
      const text = readFileSync(this.#record, 'utf8').trimEnd();
      return text.split('\n').map((line) => JSON.parse(line));
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
  }
}
