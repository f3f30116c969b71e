/** The command was not understood or is not possible as written: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It was understood and did not work: exit code 1. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}
