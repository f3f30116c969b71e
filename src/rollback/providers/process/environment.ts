export type Environment = Readonly<Record<string, string | undefined>>;

/** What nearly every program needs to find its files. Holds no credentials. */
const ALWAYS = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'] as const;

/** The variables that a child gets: those that were named, those that nobody can do without, and what is set for it. */
export const environmentOf = (
  source: Environment,
  names: readonly string[],
  set: Readonly<Record<string, string>>,
): Record<string, string> => {
  const passed = [...ALWAYS, ...names].flatMap((name) => {
    const value = source[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...set };
};

const SECRET_NAME = /PASS|SECRET|TOKEN|KEY|CREDENTIAL|DSN|CONNECTION_STRING/i;

/** The values of variables whose name says that they are secret. */
export const secretsIn = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && SECRET_NAME.test(name) && !name.startsWith('FIREBREAK_') ? [value] : [],
  );
