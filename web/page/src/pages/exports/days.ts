const DAY = 86_400_000;

/** Return the offset of a time zone from UTC at a moment, in milliseconds. */
function offsetAt(moment: number, timeZone: string): number {
  const local = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(moment);
  return Date.parse(`${local.replace(" ", "T")}Z`) - moment;
}

/** Return the moment at which a day such as 2026-11-30 begins in a time zone. */
export function startOfDay(day: string, timeZone: string): string {
  const utc = Date.parse(`${day}T00:00:00Z`);
  const guess = utc - offsetAt(utc, timeZone);
  return new Date(utc - offsetAt(guess, timeZone)).toISOString();
}

export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}

/** Return the day of a moment in a time zone, or an empty text for other values. */
export function dayOf(moment: string, timeZone: string): string {
  const time = Date.parse(moment);
  if (Number.isNaN(time)) return "";
  return new Date(time + offsetAt(time, timeZone)).toISOString().slice(0, 10);
}
