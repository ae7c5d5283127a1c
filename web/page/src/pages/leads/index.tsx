import { useEffect } from "react";
import { Link, useLocation, useRoute, useSearch } from "wouter";
import { leadFilters } from "../../filters.ts";
import { idIn } from "../../links.ts";
import { useShortcut } from "../../ui/shortcuts.ts";
import { Board } from "./Board.tsx";
import { Detail } from "./Detail.tsx";
import { Filters } from "./Filters.tsx";
import { List } from "./List.tsx";
import type { Values } from "./leads.ts";
import "./leads.css";

/** The page at /leads, with one lead at /leads/ID. */
export default function Leads() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const [isOpen, parameters] = useRoute("/:id");
  const values = leadFilters.read(search);
  const query = leadFilters.write(values);
  useEffect(() => {
    scrollTo({ top: 0 });
  }, [isOpen]);
  const id = isOpen ? idIn(parameters.id) : null;
  if (id !== null) return <Detail key={id} id={id} query={query} />;
  return <Overview values={values} query={query} change={(next) => navigate(leadFilters.write(next), { replace: true })} />;
}

function Overview({ values, query, change }: { values: Values; query: string; change: (values: Values) => void }) {
  const isList = values.view === "list";
  const views = [
    ["Board", false, undefined],
    ["List", true, "list"],
  ] as const;
  useShortcut("v", "Change between board and list", () => change({ ...values, view: isList ? undefined : "list" }));
  return (
    <>
      <header className="row leads-header">
        <h1>Leads</h1>
        <nav className="views" aria-label="Views">
          {views.map(([name, isThis, view]) => (
            <Link
              key={name}
              href={leadFilters.write({ ...values, view })}
              aria-current={isThis === isList ? "true" : undefined}
              replace
            >
              {name}
            </Link>
          ))}
        </nav>
      </header>
      <Filters values={values} change={change} />
      {isList ? <List values={values} query={query} /> : <Board values={values} query={query} />}
    </>
  );
}
