import type { DoctorCheck } from '../../cli/ports.ts';
import type { Failure } from '../../domain/failure.ts';

/** How far another clock is from ours, in milliseconds: positive when ours is behind. */
export interface ClockReading {
  readonly of: string;
  readonly aheadMs: number;
}

/** What one part of the examination found. */
export interface Found {
  readonly checks: readonly DoctorCheck[];
  readonly clocks?: readonly ClockReading[];
}

export const ok = (name: string, message: string): DoctorCheck => ({ name, status: 'ok', message, advice: null });

export const warning = (name: string, message: string, advice: string): DoctorCheck => ({
  ...{ name, message, advice },
  status: 'warning',
});

export const failed = (name: string, message: string, advice: string): DoctorCheck => ({
  ...{ name, message, advice },
  status: 'failed',
});

/** The same words for the same kind of failure, whoever it was. */
export function ofFailure(name: string, { kind, message }: Failure, credential: string): DoctorCheck {
  switch (kind) {
    case 'unauthorized':
      return failed(name, message, `Look at ${credential}: it is wrong, has been replaced, or has not the rights.`);
    case 'rejected':
      return failed(
        name,
        message,
        'It was understood and refused: compare the address and the settings with what is there.',
      );
    case 'rate-limited':
      return failed(name, message, 'It is asked too often. Try again later.');
    case 'server':
      return failed(name, message, 'The fault is on the other side. Try again later.');
    case 'unreachable':
    case 'ambiguous':
      return failed(name, message, 'Look at the address, at DNS, and at the network from here to there.');
  }
}
