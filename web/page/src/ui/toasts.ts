import { createStore } from "../api/store.ts";

export interface Toast {
  id: number;
  message: string;
  tone: "success" | "error";
  undo?: () => unknown;
}

export const toasts = createStore({ shown: [] as Toast[] });

const SECONDS = 8;
const MOST_SHOWN = 4;
let last = 0;

/** Show a message for some seconds. An error stays until it is closed. `undo` adds an action that reverts the change. */
export function toast(message: string, options: { tone?: Toast["tone"]; undo?: () => unknown } = {}): void {
  const id = ++last;
  const made: Toast = { id, message, tone: options.tone ?? "success", ...(options.undo ? { undo: options.undo } : {}) };
  toasts.set({ shown: [...toasts.get().shown, made].slice(-MOST_SHOWN) });
  if (made.tone !== "error") setTimeout(() => closeToast(id), SECONDS * 1000);
}

export function closeToast(id: number): void {
  toasts.set({ shown: toasts.get().shown.filter((each) => each.id !== id) });
}

/** Run the undo action of the newest toast. Return whether there was one. */
export function undoLast(): boolean {
  const undoable = toasts.get().shown.findLast(({ undo }) => undo);
  if (!undoable) return false;
  closeToast(undoable.id);
  undoable.undo?.();
  return true;
}
