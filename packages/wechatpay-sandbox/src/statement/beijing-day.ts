const dayMs = 24 * 60 * 60 * 1_000;
/** Beijing's day begins that much before that of UTC. */
const offsetMs = 8 * 60 * 60 * 1_000;

/** When a day as in `20260301` begins in Beijing, in milliseconds since 1970; NaN where there is no such day. */
export function beijingMidnight(date: string): number {
  const [, year = '', month = '', day = ''] = /^(\d{4})(\d{2})(\d{2})$/.exec(date) ?? [];
  const begin = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDay =
    date !== '' && !Number.isNaN(begin.getTime()) && begin.toISOString().slice(0, 10) === `${year}-${month}-${day}`;
  return isDay ? begin.getTime() - offsetMs : NaN;
}

/** When the day that a time falls on begins in Beijing. */
export function beijingMidnightOf(time: number): number {
  return Math.floor((time + offsetMs) / dayMs) * dayMs - offsetMs;
}

/** As in `20260301`. */
export function beijingDay(time: number): string {
  return new Date(time + offsetMs).toISOString().slice(0, 10).replaceAll('-', '');
}
