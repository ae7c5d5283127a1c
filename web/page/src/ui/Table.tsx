import { type ReactNode, useState } from "react";

export interface Column<Row> {
  title: string;
  cell(row: Row): ReactNode;
  /** The value by which the column sorts. A column without it cannot be sorted. */
  sortBy?: (row: Row) => number | string | null;
  isNumber?: boolean;
}

interface Sorting {
  column: number;
  direction: "ascending" | "descending";
}

/** A table that sorts by a click on a heading. Rows without a value come last. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  initial,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  initial?: Sorting;
}) {
  const [sorting, setSorting] = useState<Sorting | null>(initial ?? null);
  const sorted = sorting ? sortedRows(rows, columns[sorting.column]?.sortBy, sorting.direction) : rows;
  return (
    <div className="table">
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, sortBy, isNumber }, column) => {
              const direction = sorting?.column === column ? sorting.direction : undefined;
              const next = direction === undefined ? (isNumber ? "descending" : "ascending") : opposite(direction);
              return (
                <th key={title} scope="col" aria-sort={direction} className={isNumber ? "number" : undefined}>
                  {sortBy ? (
                    <button type="button" className="plain" onClick={() => setSorting({ column, direction: next })}>
                      {title}
                      <span aria-hidden="true">{direction ? (direction === "ascending" ? " ↑" : " ↓") : ""}</span>
                    </button>
                  ) : (
                    title
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} className={isNumber ? "number" : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const opposite = (direction: Sorting["direction"]) => (direction === "ascending" ? "descending" : "ascending");

function sortedRows<Row>(
  rows: readonly Row[],
  sortBy: Column<Row>["sortBy"],
  direction: Sorting["direction"],
): readonly Row[] {
  if (!sortBy) return rows;
  const sign = direction === "ascending" ? 1 : -1;
  return rows.toSorted((one, other) => {
    const [a, b] = [sortBy(one), sortBy(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  });
}
