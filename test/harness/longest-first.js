import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: Sequencer } = require('@jest/test-sequencer');

/** What takes minutes begins first, so that no worker is left alone with it at the end. Jest itself goes by size until it has timings. */
const FIRST = [
  '/test/chaos/kill-every-boundary',
  '/test/chaos/',
  '/test/scenario/causes',
  '/test/scenario/',
  '/test/store/own-postgres',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const found = FIRST.findIndex((part) => path.includes(part));
      return found === -1 ? FIRST.length : found;
    };
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
