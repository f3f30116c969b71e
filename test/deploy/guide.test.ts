import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProviders } from '../../src/app/providers.ts';
import { PROVIDERS, RAILS, VERDICTS } from '../../src/domain/plan.ts';
import { parseQuery } from '../../src/domain/promql.ts';
import { factsFor, recoveryQueries } from '../../src/domain/metric-queries.ts';
import { load, settingsOf } from '../unit/settings-support.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const guide = await readFile(join(ROOT, 'docs/rollback.md'), 'utf8');

/** The texts between ``` and ``` that are a part of firebreak.yaml with services in it. */
const configurations = async (path: string): Promise<readonly string[]> => {
  const text = await readFile(join(ROOT, path), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  return blocks.filter((yaml) => /^services:/m.test(yaml));
};

describe('the guide to rollbacks', () => {
  it('tells of every rail, verdict and provider', () => {
    expect(RAILS.filter((rail) => !guide.includes(`| \`${rail}\``))).toEqual([]);
    expect(VERDICTS.filter((verdict) => !guide.includes(`| \`${verdict}\` |`))).toEqual([]);
    const headings = guide.split('\n').filter((line) => line.startsWith('### '));
    expect(PROVIDERS.filter((provider) => !headings.some((line) => line.includes(`\`${provider}\``)))).toEqual([]);
  });

  it('names every field that a provider takes in a step', () => {
    const settings = settingsOf(load("argocd: { url: 'https://argocd.example.com', token: t }"));
    const providers = createProviders(settings, { now: () => 0 });
    const named = Object.fromEntries(
      guide
        .split(/^### /m)
        .slice(1)
        .flatMap((part) => {
          const [heading = ''] = part.split('\n');
          const fields = [...(/^`with: \{ ([^}]+) \}`(.*)$/m.exec(part)?.slice(1) ?? [])].join(' ');
          return [...heading.matchAll(/`(\w+)`/g)].map(([, provider = '']) => [provider, fields]);
        }),
    ) as Readonly<Record<string, string>>;
    for (const provider of PROVIDERS) {
      const step = { name: 's', provider, timeoutSeconds: 1, onFailure: 'stop', with: { nonsense: 1 } } as const;
      // Each provider says which fields it knows when it meets another one.
      const known =
        providers[provider]?.checkConfig(step)?.message.replace('unknown; known are ', '').split(', ') ?? [];
      expect(known.length).toBeGreaterThan(2);
      expect([provider, known.filter((field) => !named[provider]?.includes(field))]).toEqual([provider, []]);
    }
  });
});

describe('configurations in the documentation', () => {
  it.each(['README.md', 'docs/rollback.md', 'docs/rollback-webhook.md'])(
    'are such that Firebreak takes them: %s',
    async (path) => {
      const found = await configurations(path);
      expect(found.length).toBeGreaterThan(0);
      for (const yaml of found) {
        const files = { '/app/config/secrets/search-rollback': 'secret' };
        const settings = settingsOf(load(yaml, { files }));
        const providers = createProviders(settings, { now: () => 0 });
        for (const [service, { rollback, recovery }] of Object.entries(settings.policy.services)) {
          for (const step of rollback?.steps ?? []) expect(providers[step.provider]?.checkConfig(step)).toBeNull();
          for (const promql of Object.values(recoveryQueries(recovery, factsFor(settings.policy, service)))) {
            expect(parseQuery(promql)).toHaveProperty('template');
          }
        }
      }
    },
  );
});
