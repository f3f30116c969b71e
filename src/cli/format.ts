import { styleText } from 'node:util';
import type { CliIo } from './io.ts';

export type Style = 'good' | 'bad' | 'strong';

const FORMATS = { good: 'green', bad: 'red', strong: 'bold' } as const;

/** Colour is decoration: every word says the same without it. */
export const paint = (io: Pick<CliIo, 'colour'>, style: Style, text: string): string =>
  io.colour ? styleText(FORMATS[style], text, { validateStream: false }) : text;

/** Control characters, and those that turn the direction of text around: a title must not drive the terminal. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text of others as one harmless line. */
export const clean = (text: string): string => text.replace(/[\t\r\n]+/g, ' ').replace(UNSAFE, '\u{fffd}');

/** One JSON document; what a terminal would obey is escaped in it too. */
export const json = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escapeCode)}\n`;

const escapeCode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Columns, two spaces apart; the last one is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(clean));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** `2024-01-15 14:32:15`; the reader is told that it is UTC. */
export const moment = (instant: string): string => instant.replace('T', ' ').replace(/(\.\d+)?Z$/, '');

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
