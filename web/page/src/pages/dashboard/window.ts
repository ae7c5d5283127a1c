// The window that the dashboard shows. The address has it, so that a link shows the same window to everyone.
import { use } from "react";
import { useLocation, useSearch } from "wouter";
import { windowFilters } from "../../filters.ts";
import { ViewerContext } from "../../session/viewer.ts";

export type Shown = ReturnType<typeof windowFilters.read>;
type Unit = "DAY" | "WEEK" | "MONTH";

const DAY = 86_400_000;
const MOST_DAYS = 100;
const MOST_WEEKS = 100;

/** Return what the address says, and a function that changes it. */
export function useWindow(): [Shown & { timeZone: string }, (changes: Shown) => void] {
  const viewer = use(ViewerContext);
  const shown = windowFilters.read(useSearch());
  const [, navigate] = useLocation();
  const change = (changes: Shown) => navigate(`/${windowFilters.write({ ...shown, ...changes })}`, { replace: true });
  return [{ ...shown, timeZone: shown.timeZone ?? viewer?.timeZone ?? "UTC" }, change];
}

/** Return the arguments of the API. A custom window needs both of its days, in their order. */
export function variablesOf({ range = "LAST_30_DAYS", timeZone, firstDay, lastDay }: Shown & { timeZone: string }) {
  if (range !== "CUSTOM") return { range, timeZone, from: null, to: null, by: "DAY" as Unit };
  if (!firstDay || !lastDay || firstDay > lastDay) return null;
  const days = (Date.parse(lastDay) - Date.parse(firstDay)) / DAY + 1;
  const by: Unit = days <= MOST_DAYS ? "DAY" : days <= 7 * MOST_WEEKS ? "WEEK" : "MONTH";
  const from = startOf(firstDay, timeZone);
  return { range, timeZone, from, to: startOf(addDays(lastDay, 1), timeZone), by };
}

/** Return the local day that is a number of days after another. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
}

/** Return the local day of a moment. */
export function dayOf(moment: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(moment);
}

/** Return the moment at which a local day begins. */
export function startOf(day: string, timeZone: string): string {
  const midnight = Date.parse(day);
  let moment = midnight;
  // The second step corrects the first one beside a change of the clocks.
  for (let step = 0; step < 2; step += 1) moment = midnight - offsetAt(moment, timeZone);
  return new Date(moment).toISOString();
}

/** Return how far the clocks of a time zone are ahead of UTC. */
function offsetAt(moment: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  });
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}
