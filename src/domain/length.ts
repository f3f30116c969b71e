/** A length of time as a report says it, as exact as it matters: `32 s`, `5 min 36 s`, `2 h 20 min`, `3 days 4 h`. */
export function lengthOf(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return inTwo(whole, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return inTwo(minutes, 60, 'h', 'min');
  return inTwo(Math.round(minutes / 60), 24, 'days', 'h');
}

const inTwo = (value: number, base: number, large: string, small: string): string =>
  value % base === 0
    ? `${Math.floor(value / base)} ${large}`
    : `${Math.floor(value / base)} ${large} ${value % base} ${small}`;
