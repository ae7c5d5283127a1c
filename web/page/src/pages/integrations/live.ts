import { useLive } from "../../api/live.ts";
import { graphql } from "./gql/index.ts";

const CHANGED = graphql(`
  subscription IntegrationsChanged($after: String) {
    integrationChanged(after: $after) {
      cursor
      changes {
        kind
        integrationId
        integration {
          id
          name
          status
          lastSyncedAt
          lastErrorCode
          consecutiveFailures
          nextSyncAt
          hasCredentials
          health {
            score
            problems
            uptime {
              localDate
              runs
              succeeded
              percent
            }
          }
        }
      }
    }
  }
`);

interface Change {
  kind: string;
  integrationId: string;
}

/**
 * Follow the changes of integrations after an answer, by its `changesAfter`. Without an answer, wait. The values of the
 * changed integrations are in the cache already.
 */
export function useIntegrationChanges(
  after: string | undefined,
  onChange: (change: Change) => void,
  poll: () => void,
): void {
  useLive(CHANGED, { after: after ?? null }, {
    onEvent: ({ integrationChanged }) => integrationChanged?.changes.forEach(onChange),
    poll,
    pause: after === undefined,
  });
}
