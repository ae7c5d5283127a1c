import { type RefObject, useEffect, useEffectEvent, useRef } from "react";
import { whileVisible } from "../api/live.ts";
import { useShortcut } from "./shortcuts.ts";

const ROWS = "tbody tr, [data-row]";
const CONTROL = "a[href], button";

/** Move the focus from row to row by `j` and `k` inside of the returned element. */
export function useRowKeys<Box extends HTMLElement>(): RefObject<Box | null> {
  const box = useRef<Box>(null);
  const move = (step: number) => {
    const rows = [...(box.current?.querySelectorAll(ROWS) ?? [])];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(at + step, rows.length - 1))];
    next?.querySelector<HTMLElement>(CONTROL)?.focus();
  };
  useShortcut("j", "Go to the next row", () => move(1));
  useShortcut("k", "Go to the previous row", () => move(-1));
  return box;
}

const POLL_SECONDS = 30;

/** Read again what no subscription tells, every 30 seconds in visible tabs. */
export function usePolling(poll: () => void, seconds: number = POLL_SECONDS): void {
  const run = useEffectEvent(poll);
  useEffect(() => {
    let isFirst = true;
    return whileVisible(seconds * 1000, () => {
      if (!isFirst) run();
      isFirst = false;
    });
  }, [seconds]);
}
