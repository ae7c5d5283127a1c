import { useState } from "react";
import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation, useQuery } from "../../api/hooks.ts";
import { format, useTimes } from "../../format.ts";
import { leavePage } from "../../session/tabs.ts";
import { Answer } from "../../ui/Answer.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { usePolling } from "../../ui/rows.ts";
import { Table } from "../../ui/Table.tsx";
import { graphql } from "./gql/index.ts";

const SESSIONS = graphql(`
  query SettingsSessions {
    sessions {
      sessionId
      address
      userAgent
      createdAt
      lastUsedAt
      expiresAt
      current
    }
  }
`);

const REVOKE = graphql(`
  mutation SettingsRevokeSession($input: RevokeSessionInput!) {
    revokeSession(input: $input) {
      endedCount
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const SIGN_OUT = graphql(`
  mutation SettingsSignOutEverywhere {
    signOut(input: { everywhere: true }) {
      endedCount
      userErrors {
        code
        message
        path
      }
    }
  }
`);

// A sign-in replaces the session of the browser.
addUpdates({ Mutation: { signIn: (_result, _args, cache) => forgetList(cache, "sessions") } });

/** The browsers in which the viewer is signed in. */
export function Sessions() {
  const state = useQuery(SESSIONS, {});
  const times = useTimes();
  const [revoke] = useMutation(REVOKE);
  const [signOut] = useMutation(SIGN_OUT);
  const [isLeaving, setLeaving] = useState(false);
  usePolling(state.poll);

  async function end(sessionId: string, isCurrent: boolean) {
    const { payload } = await revoke({ input: { sessionId } }, { done: "The session has ended." });
    if (!payload) return;
    if (isCurrent) leavePage();
    else state.refresh();
  }

  async function leave() {
    const outcome = await signOut({}, { showsErrors: true });
    if (outcome.payload) leavePage();
    return outcome;
  }

  return (
    <section className="card broad bare" aria-labelledby="sessions">
      <div className="heading">
        <h2 id="sessions">Sessions</h2>
        <button type="button" onClick={() => setLeaving(true)}>
          Sign out everywhere
        </button>
      </div>
      <Answer of={state}>
        {({ sessions }) =>
          sessions && (
            <Table
              caption="Browsers that are signed in"
              rows={sessions}
              keyOf={({ sessionId }) => sessionId}
              columns={[
                {
                  title: "Browser",
                  cell: ({ userAgent, current }) => (
                    <div className="wide">
                      {userAgent || "Unknown"} {current && <span className="badge good">This browser</span>}
                    </div>
                  ),
                },
                { title: "Address", cell: ({ address }) => address },
                {
                  title: "Signed in",
                  sortBy: ({ createdAt }) => createdAt,
                  cell: ({ createdAt }) => <time dateTime={createdAt}>{times.moment(createdAt)}</time>,
                },
                {
                  title: "Last used",
                  sortBy: ({ lastUsedAt }) => lastUsedAt,
                  cell: ({ lastUsedAt }) => <time dateTime={lastUsedAt}>{format.age(lastUsedAt)}</time>,
                },
                { title: "Ends", cell: ({ expiresAt }) => <time dateTime={expiresAt}>{times.date(expiresAt)}</time> },
                {
                  title: "Actions",
                  cell: ({ sessionId, current, userAgent }) => (
                    <button
                      type="button"
                      className="small"
                      aria-label={current ? "End this session" : `End the session of ${userAgent || "an unknown browser"}`}
                      onClick={() => void end(sessionId, current)}
                    >
                      End
                    </button>
                  ),
                },
              ]}
            />
          )
        }
      </Answer>
      {isLeaving && (
        <FormDialog
          title="Sign out everywhere?"
          action="Sign out everywhere"
          isDangerous
          onClose={() => setLeaving(false)}
          submit={leave}
        >
          <p>All your sessions end, in this browser, too. API keys stay.</p>
        </FormDialog>
      )}
    </section>
  );
}
