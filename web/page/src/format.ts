// Numbers and times in the language of the browser and in the time zone of the viewer.
import { use } from "react";
import { ViewerContext } from "./session/viewer.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
] as const;

const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact" });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 2 });
const change = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const points = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2, signDisplay: "exceptZero" });
const age = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** Formats that need no time zone. Percentages of the API are numbers such as 12.5. */
export const format = {
  number: (value: number) => number.format(value),
  compact: (value: number) => compact.format(value),
  percent: (value: number) => percent.format(value / 100),
  change: (value: number) => change.format(value / 100),
  points: (value: number) => `${points.format(value)} points`,
  money: (amount: number | string, currency: string) =>
    new Intl.NumberFormat(undefined, { style: "currency", currency }).format(Number(amount)),
  /** How long ago a moment was, such as "5 minutes ago". */
  age(moment: string, now = Date.now()): string {
    const seconds = (Date.parse(moment) - now) / 1000;
    const step = STEPS.find(([length]) => Math.abs(seconds) >= length);
    return step ? age.format(Math.trunc(seconds / step[0]), step[1]) : "just now";
  },
};

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([timeZone, options]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(undefined, { ...options, timeZone });
  formats.set(key, known);
  return known;
}

/** Return formats of moments in a time zone. */
export function timesIn(timeZone: string) {
  const formatted = (options: Intl.DateTimeFormatOptions) => (moment: string | number) =>
    formatOf(timeZone, options).format(new Date(moment));
  return {
    timeZone,
    date: formatted({ dateStyle: "medium" }),
    day: formatted({ month: "short", day: "numeric" }),
    moment: formatted({ dateStyle: "medium", timeStyle: "short" }),
    time: formatted({ timeStyle: "short" }),
  };
}

/** Return formats of moments in the time zone of the viewer. */
export function useTimes() {
  return timesIn(use(ViewerContext)?.timeZone ?? "UTC");
}

/** Brands and abbreviations that differ from the usual form of a name. */
const BRANDS: Record<string, string> = {
  API: "API",
  DEVTO: "DEV",
  GITHUB: "GitHub",
  HACKERNEWS: "Hacker News",
  HUBSPOT: "HubSpot",
  LINKEDIN: "LinkedIn",
  RSS: "RSS",
  STACKOVERFLOW: "Stack Overflow",
  YOUTUBE: "YouTube",
};

/** Return a name of the API for people, such as "Feature request" for FEATURE_REQUEST, and "GitHub" for GITHUB. */
export function words(name: string): string {
  const brand = BRANDS[name];
  if (brand) return brand;
  const text = name.toLowerCase().replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
