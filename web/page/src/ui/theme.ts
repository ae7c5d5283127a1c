import { createStore } from "../api/store.ts";

export type Theme = "system" | "light" | "dark";

const KEY = "leadgraph:page:theme";
const stored = localStorage.getItem(KEY);

export const theme = createStore({ chosen: (stored === "light" || stored === "dark" ? stored : "system") as Theme });

function show(): void {
  const { chosen } = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

/** Choose light or dark colours, or those of the system. The choice stays in this browser. */
export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  theme.set({ chosen });
  show();
}

show();
