import { type RefObject, useEffect, useRef } from "react";

/**
 * Keep the current link in sight in a row of links that scrolls sideways. `data-more` names the ends of the row beyond
 * which links are hidden, `start` or `end`, so that they can fade out.
 */
export function useSideways<Row extends HTMLElement>(current: string): RefObject<Row | null> {
  const row = useRef<Row>(null);
  useEffect(() => {
    const shown = row.current;
    if (!shown) return;
    const mark = () => {
      const rest = shown.scrollWidth - shown.clientWidth - shown.scrollLeft;
      shown.dataset["more"] = [shown.scrollLeft > 1 && "start", rest > 1 && "end"].filter(Boolean).join(" ");
    };
    const sizes = new ResizeObserver(mark);
    sizes.observe(shown);
    shown.addEventListener("scroll", mark, { passive: true });
    return () => {
      sizes.disconnect();
      shown.removeEventListener("scroll", mark);
    };
  }, []);
  useEffect(() => {
    const link = row.current?.querySelector<HTMLElement>("[aria-current]");
    // `scrollIntoView` would scroll the document, too.
    if (row.current && link) row.current.scrollLeft = link.offsetLeft - (row.current.clientWidth - link.offsetWidth) / 2;
  }, [current]);
  return row;
}
