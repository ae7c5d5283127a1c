// The tabs of a browser share one session. A tab tells the others of a sign-in and of a sign-out, so that none of them
// shows the rows of one user and writes as another.
import { status } from "../api/status.ts";

/** The ID of the user of the session, or null after a sign-out. */
type News = string | null;

const channel = new BroadcastChannel("leadgraph.session");
let shown: string | undefined;

/** Note the user whose rows this tab shows. Rows of another user require a fresh page, without the cache. */
export function showUser(id: string): void {
  if (shown !== undefined && shown !== id) location.reload();
  if (shown !== undefined) return;
  shown = id;
  channel.postMessage(id satisfies News);
}

/** Let the requests of this tab and of the others continue, because a user has signed in. */
export function enter(id: string): void {
  channel.postMessage(id satisfies News);
  continueAs(id);
}

/** Load the page afresh after the sign-out, here and in the other tabs: nothing of the user stays in memory. */
export function leavePage(): void {
  channel.postMessage(null satisfies News);
  location.reload();
}

function continueAs(id: string): void {
  if (shown !== undefined && shown !== id) location.reload();
  else status.set({ isSignedOut: false });
}

channel.addEventListener("message", ({ data }: MessageEvent<News>) => {
  if (data !== null) continueAs(data);
  else if (shown !== undefined) location.reload();
});
