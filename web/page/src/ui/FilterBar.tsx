import { type ReactNode, useId, useState } from "react";

/** A search and further filters, which phones show after a tap. */
export function FilterBar({ search, isFiltered, children }: { search: ReactNode; isFiltered: boolean; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="filters" role="group" aria-label="Filters">
      {search}
      <button
        type="button"
        className={isFiltered ? "narrow chosen" : "narrow"}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        Filters
      </button>
      <div id={id} className={isOpen ? "rest open" : "rest"}>
        {children}
      </div>
    </div>
  );
}
