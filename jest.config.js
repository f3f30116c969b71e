/** The tests run the very source that Node runs: types are stripped by Node itself, lines stay where they are. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/harness/strip-types.js' },
  moduleFileExtensions: ['ts', 'js', 'json'],
  testTimeout: 180_000,
  globalSetup: '<rootDir>/test/harness/global-setup.ts',
  globalTeardown: '<rootDir>/test/harness/global-teardown.ts',
  testSequencer: '<rootDir>/test/harness/longest-first.js',
  reporters: [
    'default',
    '<rootDir>/test/harness/left-out-reporter.js',
    ['<rootDir>/test/harness/process-coverage-reporter.ts', { gapsFail: true }],
  ],
  maxWorkers: 2,
};
