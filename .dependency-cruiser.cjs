/**
 * The import table of the house. Stages do not import each other; only app/ knows them all.
 * store/ may see the ports of the stages, as types.
 */
const stages = [
  'ingest',
  'correlate',
  'triage',
  'notify',
  'rollback',
  'timers',
  'report',
  'settings',
  'telemetry',
  'clients',
  'api',
];
const only = (from, allowed) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((a) => `^src/${a}/`)] },
});

module.exports = {
  forbidden: [
    only('domain', []),
    ...stages.map((stage) => only(stage, ['domain'])),
    {
      name: 'store-imports',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/', pathNot: ['^src/store/', '^src/domain/', '^src/[^/]+/ports\\.ts$'] },
    },
    {
      name: 'store-takes-only-types-of-ports',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/[^/]+/ports\\.ts$', pathNot: '^src/store/', dependencyTypesNot: ['type-only'] },
    },
    only('cli', ['app', 'domain']),
    {
      name: 'main-imports',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/app/', '^src/cli/'] },
    },
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    { name: 'no-tests-in-production', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'sql-only-in-store',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/(pg|kysely|pg-boss)/' },
    },
    {
      name: 'kubernetes-client-only-in-its-provider',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/rollback/providers/' },
      to: { path: 'node_modules/@kubernetes/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
