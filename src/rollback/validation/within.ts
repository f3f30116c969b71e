/**
 * The result of the work, or null when the signal ended first: what does not heed its signal must not hold up an
 * incident. Work that throws rejects.
 */
export async function within<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  let giveUp = (): void => undefined;
  const ended = new Promise<null>((resolve) => {
    giveUp = () => {
      resolve(null);
    };
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work(), ended]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
