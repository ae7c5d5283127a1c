/** The end of a list: a button that reads the next page, and how much of the list is shown. */
export function More({ more, shown, total }: { more: (() => void) | null; shown: number; total?: number | undefined }) {
  return (
    <div className="more">
      <span className="note" aria-live="polite">
        {total === undefined ? `${shown} shown` : `${shown} of ${total}`}
      </span>
      {more && (
        <button type="button" onClick={more}>
          Show more
        </button>
      )}
    </div>
  );
}
