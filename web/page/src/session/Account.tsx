import { use, useId } from "react";
import { useMutation } from "../api/hooks.ts";
import { useStore } from "../api/store.ts";
import { graphql } from "../gql/index.ts";
import { chooseTheme, type Theme, theme } from "../ui/theme.ts";
import { leavePage } from "./tabs.ts";
import { ViewerContext } from "./viewer.ts";

const SIGN_OUT = graphql(`
  mutation SignOut {
    signOut(input: {}) {
      endedCount
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const SET_TIME_ZONE = graphql(`
  mutation SetTimeZone($input: UpdateViewerInput!) {
    updateViewer(input: $input) {
      viewer {
        id
        timeZone
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

/** The menu of the signed-in user: time zone, colours and the end of the session. */
export function Account() {
  const viewer = use(ViewerContext);
  const [signOut] = useMutation(SIGN_OUT);
  const [setTimeZone, isSetting] = useMutation(SET_TIME_ZONE);
  const { chosen } = useStore(theme);
  const [zoneId, themeId] = [useId(), useId()];
  if (!viewer) return null;

  async function leave() {
    const { payload } = await signOut({});
    if (payload) leavePage();
  }

  return (
    <details className="account">
      <summary>{viewer.name || viewer.email}</summary>
      <div className="menu">
        <p className="note">{viewer.email}</p>
        <label htmlFor={zoneId}>Time zone</label>
        <select
          id={zoneId}
          value={viewer.timeZone}
          disabled={isSetting}
          onChange={(event) =>
            void setTimeZone({ input: { timeZone: event.target.value } }, { done: "The time zone is changed." })
          }
        >
          {zonesWith(viewer.timeZone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </select>
        <label htmlFor={themeId}>Colours</label>
        <select id={themeId} value={chosen} onChange={(event) => chooseTheme(event.target.value as Theme)}>
          <option value="system">As the system</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
        <button type="button" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
    </details>
  );
}

/** Return the time zones that the browser knows, and the given one. */
export function zonesWith(zone: string): string[] {
  return [...new Set([zone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}
