import { useRef, useState } from "react";
import type { MentionRow } from "./mentions.ts";

/** The selected mentions. Those that leave the list are no longer selected. */
export function useSelection(rows: MentionRow[]) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const shown = useRef(rows);
  shown.current = rows;
  const anchor = useRef<string | null>(null);
  const chosen = rows.filter(({ id }) => ids.has(id));

  const [stable] = useState(() => {
    const toggle = (id: string) => {
      anchor.current = id;
      setIds((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]));
    };
    /** Toggle a mention, or select all between the last one and this one. */
    const select = (id: string, isRange: boolean) => {
      const places = [anchor.current, id].map((each) => shown.current.findIndex((row) => row.id === each));
      const [from = -1, to = -1] = places.toSorted((one, other) => one - other);
      if (!isRange || from < 0) return toggle(id);
      const between = shown.current.slice(from, to + 1).map((row) => row.id);
      setIds((before) => new Set([...before, ...between]));
    };
    return { toggle, select };
  });

  return {
    ...stable,
    chosen,
    has: (id: string) => ids.has(id),
    clear: () => setIds(new Set()),
    add: (more: (MentionRow | undefined)[]) => setIds(new Set([...ids, ...more.flatMap((row) => row?.id ?? [])])),
    toggleAll: () => setIds(chosen.length === rows.length ? new Set() : new Set(rows.map(({ id }) => id))),
  };
}
