import { isDeepStrictEqual } from 'node:util';

/** Equal in content. Objects of another realm (jest runs tests in one) have other prototypes; copies have the same. */
export const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(structuredClone(a), structuredClone(b));
