import { createContext } from "react";

export interface Viewer {
  id: string;
  name: string;
  email: string;
  role: string;
  timeZone: string;
}

/** The signed-in user. */
export const ViewerContext = createContext<Viewer | null>(null);
