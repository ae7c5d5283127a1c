// Days of a time zone as moments: a filter "from 2026-11-01" begins at midnight of the viewer.

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  formats.set(timeZone, known);
  return known;
}

/** Return the local time of a moment, as if the local time were UTC. */
function localTime(moment: number, timeZone: string): number {
  const parts = new Map(formatOf(timeZone).formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/** Return the moment at which a day such as `2026-11-01` begins. */
export function startOfDay(day: string, timeZone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  let moment = midnight;
  // The second round corrects a guess on the other side of a change of the clocks.
  for (let round = 0; round < 2; round += 1) moment = midnight - (localTime(moment, timeZone) - moment);
  return new Date(moment).toISOString();
}

/** Return the moment at which a day ends. */
export function endOfDay(day: string, timeZone: string): string {
  return startOfDay(new Date(Date.parse(`${day}T00:00:00Z`) + DAY).toISOString().slice(0, 10), timeZone);
}

/** Return the day of a moment, such as `2026-11-01`. `isEnd` returns the day that a period up to the moment includes. */
export function dayOf(moment: string, timeZone: string, isEnd = false): string {
  const local = localTime(Math.floor(Date.parse(moment) / 1000) * 1000, timeZone) - (isEnd ? 1 : 0);
  return new Date(local).toISOString().slice(0, 10);
}
