export const late: unique symbol = Symbol('late');

/** What the work gives, or `late` when it has not by then. Late work goes on; what it gives or throws is nobody's. */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => {
      work.catch(() => undefined);
      resolve(late);
    }, limitMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
