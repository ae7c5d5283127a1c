import { useState } from "react";
import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation } from "../../api/hooks.ts";
import { words } from "../../format.ts";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";
import { nameOf } from "./Health.tsx";

const PAUSE = graphql(`
  mutation IntegrationsPause($input: PauseIntegrationInput!) {
    pauseIntegration(input: $input) {
      integration {
        id
        status
        nextSyncAt
        health {
          score
          problems
        }
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const RESUME = graphql(`
  mutation IntegrationsResume($input: ResumeIntegrationInput!) {
    resumeIntegration(input: $input) {
      integration {
        id
        status
        nextSyncAt
        consecutiveFailures
        health {
          score
          problems
        }
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const DISCONNECT = graphql(`
  mutation IntegrationsDisconnect($input: DisconnectIntegrationInput!) {
    disconnectIntegration(input: $input) {
      integration {
        id
        status
        nextSyncAt
        hasCredentials
        credentialsExpiresAt
        health {
          score
          problems
        }
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const DELETE = graphql(`
  mutation IntegrationsDelete($input: DeleteIntegrationInput!) {
    deleteIntegration(input: $input) {
      deletedIntegrationId
      userErrors {
        code
        message
        path
      }
    }
  }
`);

addUpdates({
  Mutation: {
    connectIntegration: (_result, _args, cache) => forgetList(cache, "integrations"),
    deleteIntegration: (_result, _args, cache) => forgetList(cache, "integrations"),
  },
});

const TONES: Record<string, string> = { ACTIVE: "good", PENDING: "warn", PAUSED: "warn", ERROR: "bad" };

export function StatusBadge({ status }: { status: string }) {
  return <span className={`badge ${TONES[status] ?? "muted"}`}>{words(status)}</span>;
}

interface Props {
  integration: { id: string; name: string; provider: string; externalAccountId: string; status: string };
  changed: () => void;
  /** Called after a deletion. */
  gone?: () => void;
}

/** Buttons that pause, resume, disconnect and delete an integration. */
export function Actions({ integration, changed, gone = changed }: Props) {
  const [pause] = useMutation(PAUSE);
  const [resume] = useMutation(RESUME);
  const [opened, setOpened] = useState<"disconnect" | "delete" | null>(null);
  const name = nameOf(integration);
  const input = { id: integration.id };
  const isDisconnected = integration.status === "DISCONNECTED";
  const isStopped = integration.status === "PAUSED" || integration.status === "ERROR";

  const paused = () =>
    pause({ input }, { done: `${name} is paused.`, undo: () => resume({ input }, { done: `${name} is active.` }) });
  const resumed = () =>
    resume({ input }, { done: `${name} is active.`, undo: () => pause({ input }, { done: `${name} is paused.` }) });
  const button = (title: string, run: () => unknown) => (
    <button type="button" className="small" aria-label={`${title} ${name}`} onClick={() => void run()}>
      {title}
    </button>
  );

  return (
    <div className="actions">
      {!isDisconnected && (isStopped ? button("Resume", resumed) : button("Pause", paused))}
      {!isDisconnected && button("Disconnect", () => setOpened("disconnect"))}
      {button("Delete", () => setOpened("delete"))}
      {opened === "disconnect" && <Disconnect {...{ name, input }} onClose={() => setOpened(null)} />}
      {opened === "delete" && <Delete {...{ name, input, gone }} onClose={() => setOpened(null)} />}
    </div>
  );
}

interface Asked {
  name: string;
  input: { id: string };
  onClose: () => void;
}

function Disconnect({ name, input, onClose }: Asked) {
  const [disconnect] = useMutation(DISCONNECT);
  const submit = () => disconnect({ input }, { showsErrors: true, done: `${name} is disconnected.` });
  return (
    <FormDialog title={`Disconnect ${name}?`} action="Disconnect" isDangerous onClose={onClose} submit={submit}>
      <p>The stored credentials are destroyed. Mentions and runs stay. To undo it, connect the account again.</p>
    </FormDialog>
  );
}

function Delete({ name, input, gone, onClose }: Asked & { gone: () => void }) {
  const [remove] = useMutation(DELETE);
  const submit = () => remove({ input }, { showsErrors: true, done: `${name} is deleted.` });
  return (
    <FormDialog
      title={`Delete ${name}?`}
      action="Delete"
      isDangerous
      onClose={onClose}
      onDone={gone}
      submit={submit}
    >
      <p>This deletes the integration, its credentials and its runs. Mentions that it delivered stay. It cannot be undone.</p>
    </FormDialog>
  );
}
