import { useEffect, useEffectEvent } from "react";
import { createStore } from "../api/store.ts";

export interface Shortcut {
  /** One key, such as `s`, `?` or `Escape`, or two in a row, such as `g d`. */
  keys: string;
  does: string;
  /** The heading of the shortcut in the list. */
  group: string;
}

/** The shortcuts of all shown components. `?` lists them. */
export const shortcuts = createStore({ shown: [] as (Shortcut & { run: () => void })[] });

const PAUSE = 1200;
let first: { key: string; at: number } | null = null;

/** Offer a shortcut while the component is shown. The newest component wins. Null offers none. */
export function useShortcut(keys: string | null, does: string, run: () => void, group = "This page"): void {
  const call = useEffectEvent(run);
  useEffect(() => {
    if (keys === null) return;
    const shortcut = { keys, does, group, run: () => call() };
    shortcuts.set({ shown: [...shortcuts.get().shown, shortcut] });
    return () => shortcuts.set({ shown: shortcuts.get().shown.filter((each) => each !== shortcut) });
  }, [keys, does, group]);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const pair = first && event.timeStamp - first.at < PAUSE ? `${first.key} ${event.key}` : null;
  first = null;
  const found = (pair && shortcutOf(pair)) || shortcutOf(event.key);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (shortcuts.get().shown.some(({ keys }) => keys.startsWith(`${event.key} `))) {
    first = { key: event.key, at: event.timeStamp };
  }
}

const shortcutOf = (keys: string) => shortcuts.get().shown.findLast((each) => each.keys === keys);

/** Whether keys belong to the focused control: letters to a field, and Enter or the space bar to a button or a link. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

addEventListener("keydown", onKey);
