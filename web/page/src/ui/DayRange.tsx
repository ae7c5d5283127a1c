import { useId } from "react";
import { dayOf, endOfDay, startOfDay } from "../days.ts";
import { useTimes } from "../format.ts";

/** Two days in the time zone of the viewer, as moments: the start of the first and the end of the last. */
export function DayRange({
  label,
  from,
  to,
  onChange,
}: {
  label: string;
  from: string | undefined;
  to: string | undefined;
  onChange: (range: { from: string | undefined; to: string | undefined }) => void;
}) {
  const { timeZone } = useTimes();
  const [fromId, toId] = [useId(), useId()];
  const first = from && dayOf(from, timeZone);
  const last = to && dayOf(to, timeZone, true);
  return (
    <fieldset className="days">
      <legend className="hidden">{label}</legend>
      <label htmlFor={fromId}>From</label>
      <input
        id={fromId}
        type="date"
        value={first ?? ""}
        max={last}
        onChange={({ target }) => onChange({ from: target.value ? startOfDay(target.value, timeZone) : undefined, to })}
      />
      <label htmlFor={toId}>to</label>
      <input
        id={toId}
        type="date"
        value={last ?? ""}
        min={first}
        onChange={({ target }) => onChange({ from, to: target.value ? endOfDay(target.value, timeZone) : undefined })}
      />
    </fieldset>
  );
}
