/** A title and its numbers, one a line. */
export const table = (title: string, numbers: Readonly<Record<string, number>>): string => {
  const width = Math.max(...Object.keys(numbers).map((name) => name.length));
  const lines = Object.entries(numbers).map(([name, n]) => `  ${name.padEnd(width)}  ${n}`);
  return `\n${title}\n${lines.join('\n')}\n\n`;
};
