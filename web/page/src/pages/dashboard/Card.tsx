import type { ReactNode } from "react";
import { Age } from "../../ui/Age.tsx";
import { Unavailable } from "./Unavailable.tsx";

interface Props<Part> {
  title: string;
  /** The part of the dashboard, or null if it failed. */
  of: Part | null | undefined;
  asOf: (part: Part) => string | null | undefined;
  /** The field of the API, by which the error of a failed part is found. */
  field: string;
  refresh: () => void;
  wide?: boolean;
  children: (part: Part) => ReactNode;
}

/** A part of the dashboard, with the age of its figures and a button that computes them anew. */
export function Card<Part>({ title, of, asOf, field, refresh, wide = false, children }: Props<Part>) {
  const moment = of ? asOf(of) : null;
  return (
    <section className={wide ? "card wide" : "card"} aria-label={title}>
      <header className="row card-head">
        <h2>{title}</h2>
        <span className="note">
          {moment && <Age of={moment} />}
          <button type="button" className="plain refresh" aria-label={`Refresh ${title.toLowerCase()}`} onClick={refresh}>
            ↻
          </button>
        </span>
      </header>
      {of ? children(of) : <Unavailable field={field} />}
    </section>
  );
}
