import { BadConfiguration } from '../../src/cli/ports.ts';
import { CONFIG, EXPLANATION, run } from './cli-support.ts';
import { routingOf } from './support/incident.ts';

const COMMANDS = [
  'serve',
  'config check',
  'rules check',
  'rules test',
  'rules explain',
  'incidents list',
  'incidents show',
  'effects list',
  'effects retry',
  'handover',
  'stats',
  'verify',
  'db migrate',
];

describe('help', () => {
  test.each(COMMANDS)('firebreak %s --help', async (command) => {
    const { code, out, err, calls } = await run([...command.split(' '), '--help']);
    expect({ code, err, calls }).toEqual({ code: 0, err: '', calls: [] });
    expect(out).toContain(`Usage: firebreak ${command}`);
    expect(out).toContain('--json');
  });

  test('the whole program', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(`  ${command.split(' ')[0]!} `);
    expect(out).toContain('Exit codes: 0 done, 1 problems found or failed, 2 usage or bad configuration');
  });

  test('the version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
  });
});

describe('a command line that is not understood is exit 2 and says what may have been meant', () => {
  test.each([
    [['serv'], "unknown command 'serv'", 'Did you mean serve?'],
    [['rules', 'chek'], "unknown command 'chek'", 'Did you mean check?'],
    [['verify', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['serve', '--prot', '1'], "unknown option '--prot'", 'Did you mean --port?'],
    [['serve', '--port'], "option '--port <number>' argument missing", '--help'],
    [['incidents', 'shwo'], 'too many arguments', '--help'],
    [['incidents', 'show'], "missing required argument 'id'", '--help'],
    [['verify', 'a', 'b'], 'too many arguments', '--help'],
    [['effects', 'retry'], 'give the ids of effects, or --all', ''],
    [['effects', 'retry', 'a', '--all'], 'give the ids of effects, or --all', ''],
    [['incidents', 'list', '--url', 'nowhere'], '"nowhere" is not an address like', ''],
    [['rules', 'explain', 'errorRatio'], '"errorRatio" is not a fact: write name=value', ''],
  ])('%j', async (argv, message, suggestion) => {
    const { code, out, err, calls } = await run(argv);
    expect({ code, out, calls }).toEqual({ code: 2, out: '', calls: [] });
    expect(err).toContain(message);
    expect(err).toContain(suggestion);
  });

  test.each([[[]], [['rules']], [['db']]])('a group without its command shows what there is: %j', async (argv) => {
    const { code, out, err } = await run(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: firebreak');
  });
});

describe('options reach the program as the configuration calls them', () => {
  test('serve', async () => {
    const argv = [
      '--config',
      'a.yaml',
      '--rules',
      'r',
      '--host',
      '::1',
      '--port',
      '0',
      '--log-level',
      'debug',
      '--json',
    ];
    const { code, calls } = await run(['serve', ...argv, '--database-url', 'embedded:./d']);
    const options = { config: 'a.yaml', rulesDir: 'r', host: '::1', port: '0', logLevel: 'debug', json: true };
    expect(calls).toEqual([['serve', { ...options, databaseUrl: 'embedded:./d' }]]);
    expect(code).toBe(0);
  });

  test('what is not given is absent', async () => {
    expect((await run(['serve'])).calls).toEqual([['serve', {}]]);
    expect((await run(['config', 'check', '--json'])).calls).toEqual([['checkConfig', {}]]);
    expect((await run(['verify'])).calls).toEqual([['verify', {}, null]]);
  });

  test('serve ends with the code that it is given', async () => {
    expect((await run(['serve'], { actions: { serve: async () => 1 } })).code).toBe(1);
  });

  test('--rules-dir is --rules', async () => {
    expect((await run(['rules', 'check', '--rules-dir', 'r'])).calls).toEqual([['checkRules', { rulesDir: 'r' }]]);
  });

  test('facts: words win over the file, values are JSON where they can be, labels are entries', async () => {
    const files = { '-': '{"errorRatio": 0.1, "labels": {"team": "web"}}' };
    const words = ['errorRatio=0.5', 'labels.severity=critical', 'service=checkout', 'customerFacing=true', 'note=a=b'];
    const { calls, code } = await run(['rules', 'explain', '--facts', '-', ...words], { files });
    const labels = { team: 'web', severity: 'critical' };
    const facts = { errorRatio: 0.5, labels, service: 'checkout', customerFacing: true, note: 'a=b' };
    expect(calls).toEqual([['explainRules', {}, facts]]);
    expect(code).toBe(0);
  });

  test.each([
    ['[1]', 'f.json must hold one JSON object'],
    ['{', 'f.json must hold one JSON object'],
    [undefined, 'cannot read f.json'],
  ])('facts that cannot be read: %s', async (content, message) => {
    const files: Record<string, string> = content === undefined ? {} : { 'f.json': content };
    const { code, err } = await run(['rules', 'explain', '--facts', 'f.json'], { files });
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

const ruleProblem = { file: 'severity/a.json', rule: 'p0', field: '/rules/0/event', message: 'is missing' };
const failedTest = {
  file: 'tests/a.json',
  name: 'is P0',
  passed: false,
  differences: ['severity: expected P0, is P1'],
};

const ROUTED = {
  ...EXPLANATION,
  assessment: {
    ...EXPLANATION.assessment,
    routing: routingOf({
      ...{ rule: 'postgres', because: 'Postgres is named', specialist: 'database' },
      ...{ routes: [{ rule: 'night', because: 'a P1 at night' }], page: true },
      ...{ slackChannels: ['#dba'], audiences: ['stakeholders'] },
    }),
  },
};

describe('what was found', () => {
  test.each([
    [['config', 'check'], {}, 0, 'ok  config/firebreak.yaml\n'],
    [
      ['config', 'check'],
      { checkConfig: async () => ({ ...CONFIG, problems: [{ field: 'http.prot', message: 'unknown key' }] }) },
      1,
      'http.prot  unknown key\n1 problem (config/firebreak.yaml)\n',
    ],
    [
      ['config', 'check'],
      { checkConfig: async () => ({ ...CONFIG, configPath: null, sandbox: 'no credential is configured' }) },
      0,
      'ok  no file, everything is the default\nsandbox: nothing would be sent: no credential is configured\n',
    ],
    [
      ['config', 'check', '--show'],
      {},
      0,
      'SETTING    VALUE  FROM\nhttp.port  8080   default\nok  config/firebreak.yaml\n',
    ],
    [['rules', 'check'], {}, 0, 'ok  12 rules in rules, hash cafecafecafe\n'],
    [
      ['rules', 'check'],
      { checkRules: async () => ({ directory: 'rules', rules: 0, hash: null, problems: [ruleProblem] }) },
      1,
      'severity/a.json: rule "p0": /rules/0/event: is missing\n1 problem in rules\n',
    ],
    [['rules', 'test'], {}, 0, '1 test: 1 passed, 0 failed\n'],
    [
      ['rules', 'test'],
      { testRules: async () => ({ problems: [], results: [failedTest] }) },
      1,
      'FAIL  tests/a.json: is P0\n      severity: expected P0, is P1\n1 test: 0 passed, 1 failed\n',
    ],
    [
      ['rules', 'explain'],
      {},
      0,
      'severity    P1       rule p1-errors   a tenth fails\nrollback    hold     no rule matched  nothing measured\n' +
        'specialist  unknown  no rule matched  no rule matched\n\n' +
        'STAGE     OUTCOME  RULE       BECAUSE\nseverity  decided  p1-errors  a tenth fails\n',
    ],
    [
      ['rules', 'explain'],
      { explainRules: async () => ({ problems: [], explanation: ROUTED }) },
      0,
      'severity    P1        rule p1-errors   a tenth fails\n' +
        'rollback    hold      no rule matched  nothing measured\n' +
        'specialist  database  rule postgres    Postgres is named\n' +
        'route                 rule night       a P1 at night\n' +
        'told                                   a page, #dba, stakeholders\n\n' +
        'STAGE     OUTCOME  RULE       BECAUSE\nseverity  decided  p1-errors  a tenth fails\n',
    ],
    [
      ['rules', 'explain'],
      { explainRules: async () => ({ problems: [ruleProblem], explanation: null }) },
      1,
      'severity/a.json: rule "p0": /rules/0/event: is missing\nthe rules cannot be used\n',
    ],
    [['verify'], {}, 0, 'ok  3 incidents verified\n'],
    [
      ['verify', 'INC-1'],
      { verify: async () => ({ checked: 1, faults: [{ id: 'INC-1', fault: { kind: 'altered', seq: 4 } }] }) },
      1,
      'INC-1  altered  event 4\n1 of 1 incident at fault\n',
    ],
    [['db', 'migrate'], {}, 0, 'ok  applied 1, 2\n'],
    [['db', 'migrate'], { migrate: async () => ({ applied: [] }) }, 0, 'ok  already up to date\n'],
  ])('%j: for people (%#)', async (argv, actions, code, text) => {
    expect(await run(argv, { actions })).toMatchObject({ code, out: text, err: '' });
    const asJson = await run([...argv, '--json'], { actions });
    expect(asJson).toMatchObject({ code, err: '' });
    expect(JSON.parse(asJson.out)).toBeInstanceOf(Object);
    if (argv[0] !== 'db') expect(JSON.parse(asJson.out)).toMatchObject({ ok: code === 0 });
  });

  test('colours only where they are shown', async () => {
    expect((await run(['verify'])).out).not.toContain('\u001b');
    expect((await run(['verify'], { colour: true })).out).toContain('\u001b[32mok\u001b[39m');
    expect((await run(['verify', '--json'], { colour: true })).out).not.toContain('\u001b');
  });

  test('text of others never reaches the terminal as an order', async () => {
    const message = 'bad\u001b[2J\u009b2J\u202eevil\nsecond line';
    const actions = {
      checkRules: async () => ({ directory: 'r', rules: 0, hash: null, problems: [{ ...ruleProblem, message }] }),
    };
    const { out } = await run(['rules', 'check'], { actions });
    expect(out).toContain('bad�[2J�2J�evil second line');
    const asJson = (await run(['rules', 'check', '--json'], { actions })).out;
    expect(asJson).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(JSON.parse(asJson).problems[0].message).toBe(message);
  });
});

describe('when it does not work', () => {
  const bad = async () =>
    Promise.reject(new BadConfiguration([{ field: 'http.port', message: 'must be at most 65535' }]));

  test('a configuration that cannot be used is exit 2, problem by problem', async () => {
    const { code, out, err } = await run(['verify'], { actions: { verify: bad } });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe('http.port  must be at most 65535\nfirebreak: the configuration has a problem\n');
  });

  test('with --json the problems are JSON on standard output too', async () => {
    const { code, out } = await run(['db', 'migrate', '--json'], { actions: { migrate: bad } });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ field: 'http.port' }] });
  });

  test('anything else is exit 1 with its reason and no stack', async () => {
    const actions = { verify: async () => Promise.reject(new Error('connection refused')) };
    const { code, out, err } = await run(['verify'], { actions });
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: 'firebreak: connection refused\n' });
  });
});
