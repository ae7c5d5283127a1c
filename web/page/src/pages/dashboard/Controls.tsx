import { type ReactNode, useId } from "react";
import { RANGES } from "../../filters.ts";
import { words } from "../../format.ts";
import { zonesWith } from "../../session/Account.tsx";
import { addDays, dayOf, type Shown } from "./window.ts";

interface Props {
  shown: Shown & { timeZone: string };
  change: (changes: Shown) => void;
  children?: ReactNode;
}

/** The choice of the window and of its time zone. */
export function Controls({ shown, change, children }: Props) {
  const { range = "LAST_30_DAYS", timeZone, firstDay, lastDay } = shown;
  const [rangeId, zoneId, firstId, lastId] = [useId(), useId(), useId(), useId()];

  function choose(chosen: string) {
    const found = RANGES.find((each) => each === chosen);
    if (found !== "CUSTOM") return change({ range: found, firstDay: undefined, lastDay: undefined });
    const today = dayOf(Date.now(), timeZone);
    change({ range: "CUSTOM", firstDay: firstDay ?? addDays(today, -6), lastDay: lastDay ?? today });
  }

  return (
    <div className="row controls">
      <label htmlFor={rangeId}>Range</label>
      <select id={rangeId} value={range} onChange={(event) => choose(event.target.value)}>
        {RANGES.map((each) => (
          <option key={each} value={each}>
            {words(each)}
          </option>
        ))}
      </select>
      {range === "CUSTOM" && (
        <>
          <label htmlFor={firstId}>From</label>
          <input
            id={firstId}
            type="date"
            value={firstDay ?? ""}
            max={lastDay}
            onChange={(event) => change({ firstDay: event.target.value })}
          />
          <label htmlFor={lastId}>To</label>
          <input
            id={lastId}
            type="date"
            value={lastDay ?? ""}
            min={firstDay}
            onChange={(event) => change({ lastDay: event.target.value })}
          />
        </>
      )}
      <label htmlFor={zoneId}>Time zone</label>
      <select id={zoneId} value={timeZone} onChange={(event) => change({ timeZone: event.target.value })}>
        {zonesWith(timeZone).map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </select>
      {children}
    </div>
  );
}
