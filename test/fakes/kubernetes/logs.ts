import type { PodObject } from './objects.ts';
import { failure, type Reply } from './status.ts';

export interface ImageLogs {
  readonly current?: string;
  readonly previous?: string;
}

interface Status {
  readonly name?: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

const tail = (text: string, lines: string | null): string =>
  lines === null
    ? text
    : text
        .split('\n')
        .slice(-Number(lines) - 1)
        .join('\n');

/** What the containers of pods wrote, by their image. */
export class Logs {
  readonly #byImage = new Map<string, ImageLogs>();

  write(image: string, logs: ImageLogs): void {
    this.#byImage.set(image, logs);
  }

  /** Answers GET …/pods/<name>/log as the kubelet does: no log of a container that never started. */
  read(pod: PodObject, query: URLSearchParams): Reply {
    const wanted = query.get('container');
    const named = pod.spec.containers.find(({ name }) => wanted === null || name === wanted);
    if (named === undefined) return failure(400, `container ${wanted ?? ''} is not valid for pod ${pod.metadata.name}`);
    const what = `container "${named.name}" in pod "${pod.metadata.name}"`;
    const status = (pod.status.containerStatuses as Status[] | undefined)?.find(({ name }) => name === named.name);
    const restarts = status?.restartCount ?? 0;
    const previous = query.get('previous') === 'true';
    if (previous && restarts === 0) return failure(400, `previous terminated ${what} not found`);
    const reason = status?.state?.waiting?.reason;
    if (status === undefined || (reason !== undefined && restarts === 0)) {
      return failure(400, `${what} is waiting to start: ${reason ?? 'ContainerCreating'}`);
    }
    const logs = this.#byImage.get(named.image);
    const text = (previous ? logs?.previous : logs?.current) ?? `${named.image} started\n`;
    return { status: 200, body: tail(text, query.get('tailLines')) };
  }
}
