import type { PointerEvent } from "react";
import { Link } from "wouter";
import { format } from "../../format.ts";

const FEWEST_SLOTS = 7;
const MOST_LABELS = 5;
const MOST_LINES = 3;
const BAR = 0.7;

interface Bar {
  label: string;
  /** The value; null where there is none yet. */
  value: number | null;
  /** The address of the rows. */
  rows: string;
}

interface Props {
  /** The class whose colour the bars have. */
  colour: string;
  bars: readonly Bar[];
  /** The place of the pointed bar. */
  place: number | null;
  onPoint(place: number | null): void;
}

/**
 * Bars over labels. A bar leads to its rows. The unit of the picture is one bar by one row, and the browser stretches
 * it. Screen readers and keys have the table of the same numbers.
 */
export function Chart({ colour, bars, place, onPoint }: Props) {
  const slots = Math.max(FEWEST_SLOTS, bars.length);
  const step = stepOf(Math.max(1, ...bars.map(({ value }) => value ?? 0)));
  const highest = Math.max(step, ...bars.map(({ value }) => Math.ceil((value ?? 0) / step) * step));
  const lines = Array.from({ length: highest / step + 1 }, (_, line) => line * step);
  const every = Math.ceil(bars.length / MOST_LABELS);

  function point(event: PointerEvent<SVGElement>) {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const found = Math.floor(((event.clientX - left) / width) * slots);
    onPoint(found >= 0 && found < bars.length ? found : null);
  }

  return (
    <div className={`chart ${colour}`} aria-hidden="true">
      <div className="scale">
        {lines.map((line) => (
          <span key={line} style={{ bottom: `${(100 * line) / highest}%` }}>
            {format.compact(line)}
          </span>
        ))}
      </div>
      <svg
        viewBox={`0 0 ${slots} ${highest}`}
        preserveAspectRatio="none"
        onPointerMove={point}
        onPointerLeave={() => onPoint(null)}
      >
        {lines.map((line) => (
          <line key={line} x1={0} x2={slots} y1={highest - line} y2={highest - line} />
        ))}
        {bars.map(({ label, value, rows }, each) => (
          <Link key={label} href={rows} tabIndex={-1}>
            <rect className="slot" x={each} y={0} width={1} height={highest} />
            <rect
              className={each === place ? "bar pointed" : "bar"}
              x={each + (1 - BAR) / 2}
              y={highest - (value ?? 0)}
              width={BAR}
              height={value ?? 0}
            />
          </Link>
        ))}
      </svg>
      <div className="labels">
        {bars.map(({ label }, each) =>
          each % every === 0 ? (
            <span key={label} style={{ left: `${(100 * (each + 0.5)) / slots}%` }}>
              {label}
            </span>
          ) : null,
        )}
      </div>
    </div>
  );
}

/** Return the distance of lines, 1, 2 or 5 by a power of ten, so that few lines suffice. */
function stepOf(highest: number): number {
  const rough = highest / MOST_LINES;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  return Math.max(1, nice * power);
}
