import { stopSharedServer } from './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  if (globalThis.firebreakSharedServer !== undefined) await stopSharedServer(globalThis.firebreakSharedServer);
}
