import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ConnectionSettings } from '../../../src/store/database.ts';
import { openSite } from './firebreak.ts';
import type { RunRecord } from './record.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

type Ask = { readonly connection: ConnectionSettings } | { readonly scenario: Scenario };
type Answer = { readonly ready: true } | { readonly ran: RunRecord } | { readonly error: string };

/** In a worker: opens the store it is told, then runs one scenario after another. */
export function serveAsWorker(): void {
  let site: ReturnType<typeof openSite> | null = null;
  const answer = async (asked: Ask): Promise<Answer> => {
    try {
      if ('connection' in asked) {
        site = openSite(asked.connection);
        await site;
        return { ready: true };
      }
      if (site === null) return { error: 'there is no store yet' };
      return { ran: await runScenario(await site, asked.scenario) };
    } catch (error) {
      return { error: reason(error) };
    }
  };
  process.on('message', (asked: Ask) => {
    void answer(asked).then((answered) => process.send?.(answered));
  });
  process.on('disconnect', () => {
    process.exit();
  });
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

export interface Worker {
  run(scenario: Scenario): Promise<RunRecord | { readonly error: string }>;
  stop(): Promise<void>;
}

export async function startWorker(program: string, connection: ConnectionSettings): Promise<Worker> {
  const child = fork(program, { stdio: 'inherit' });
  const ready = await ask(child, { connection });
  if ('error' in ready) throw new Error(ready.error);
  return {
    run: async (scenario) => {
      const answer = await ask(child, { scenario });
      if ('ran' in answer) return answer.ran;
      return { error: 'error' in answer ? answer.error : 'no answer' };
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function ask(child: ChildProcess, question: Ask): Promise<Answer> {
  if (!child.connected) return { error: 'the worker has ended' };
  const gone = new AbortController();
  const answered = once(child, 'message', { signal: gone.signal }) as Promise<[Answer]>;
  const ended = once(child, 'exit', { signal: gone.signal }).then((): [Answer] => [{ error: 'the worker has ended' }]);
  child.send(question);
  try {
    const [answer] = await Promise.race([answered, ended]);
    return answer;
  } finally {
    void Promise.allSettled([answered, ended]);
    gone.abort();
  }
}
