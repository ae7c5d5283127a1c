import { useMutation } from "../../api/hooks.ts";
import { words } from "../../format.ts";
import { errorAt, linesOf, SelectField, TextArea, TextField, textOf } from "../../ui/fields.tsx";
import { FormDialog, type Sent } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";
import type { IntegrationProvider } from "./gql/graphql.ts";

const CONNECT = graphql(`
  mutation IntegrationsConnect($input: ConnectIntegrationInput!) {
    connectIntegration(input: $input) {
      integration {
        id
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const UPDATE = graphql(`
  mutation IntegrationsUpdate($input: UpdateIntegrationInput!) {
    updateIntegration(input: $input) {
      integration {
        id
        name
        settings
        scopes
        syncIntervalMinutes
        hasCredentials
        credentialsExpiresAt
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

const PROVIDERS = [
  "REDDIT",
  "HACKERNEWS",
  "X",
  "BLUESKY",
  "LINKEDIN",
  "GITHUB",
  "YOUTUBE",
  "RSS",
  "SLACK",
  "DISCORD",
  "EMAIL",
  "HUBSPOT",
  "SALESFORCE",
  "PIPEDRIVE",
  "ZAPIER",
] as const satisfies readonly IntegrationProvider[];
const FIELDS = [
  "provider",
  "externalAccountId",
  "name",
  "credentials",
  "credentialsExpiresAt",
  "scopes",
  "settings",
  "syncIntervalMinutes",
] as const;

interface Values {
  name: string;
  scopes: string[];
  settings: unknown;
  syncIntervalMinutes: number;
  credentials?: string;
  credentialsExpiresAt?: string | null;
}

/** Return the values of the form, or the error of a text that is not JSON. */
function valuesOf(form: FormData): Values | Sent<never> {
  const [credentials, expires, settings] = [
    textOf(form, "credentials"),
    textOf(form, "credentialsExpiresAt"),
    textOf(form, "settings"),
  ];
  try {
    return {
      name: textOf(form, "name"),
      scopes: linesOf(form, "scopes"),
      settings: JSON.parse(settings || "{}") as unknown,
      syncIntervalMinutes: Number(textOf(form, "syncIntervalMinutes")),
      ...(credentials && { credentials }),
      ...(expires && { credentialsExpiresAt: `${expires}T00:00:00Z` }),
    };
  } catch (failure) {
    const message = `Must be JSON. ${failure instanceof Error ? failure.message : ""}`;
    return { payload: null, userErrors: [{ code: "INVALID", message, path: ["input", "settings"] }] };
  }
}

/** The form that connects an account. */
export function ConnectForm({ onClose, connected }: { onClose: () => void; connected: () => void }) {
  const [connect] = useMutation(CONNECT);

  async function submit(form: FormData): Promise<Sent<unknown>> {
    const values = valuesOf(form);
    if ("userErrors" in values) return values;
    const provider = PROVIDERS.find((each) => each === textOf(form, "provider")) ?? "RSS";
    const input = { provider, externalAccountId: textOf(form, "externalAccountId"), ...values };
    const outcome = await connect({ input }, { showsErrors: true, done: "The account is connected." });
    if (outcome.payload) connected();
    return outcome;
  }

  return (
    <FormDialog title="Connect an account" action="Connect" shown={FIELDS} onClose={onClose} submit={submit}>
      {(userErrors) => (
        <>
          <SelectField
            label="Service"
            name="provider"
            options={PROVIDERS.map((provider) => [provider, words(provider)] as const)}
            error={errorAt(userErrors, "provider")}
          />
          <TextField
            label="Account"
            name="externalAccountId"
            hint="ID of the account at the service. An account is connected once."
            error={errorAt(userErrors, "externalAccountId")}
          />
          <Fields userErrors={userErrors} />
        </>
      )}
    </FormDialog>
  );
}

interface Connected extends Values {
  id: string;
  hasCredentials: boolean;
}

/** The form that changes a connected account. */
export function SettingsForm({ integration, onClose }: { integration: Connected; onClose: () => void }) {
  const [update] = useMutation(UPDATE);
  const { id, name, scopes, settings, syncIntervalMinutes } = integration;

  async function submit(form: FormData): Promise<Sent<unknown>> {
    const values = valuesOf(form);
    if ("userErrors" in values) return values;
    const before = { id, name, scopes, settings, syncIntervalMinutes };
    const undo = () => update({ input: before }, { done: "The settings are as before." });
    // Replaced credentials are gone, thus nothing restores them.
    const options = { showsErrors: true, done: "The settings are changed.", ...(!values.credentials && { undo }) };
    return update({ input: { id, ...values } }, options);
  }

  return (
    <FormDialog title="Edit the integration" action="Save" shown={FIELDS} onClose={onClose} submit={submit}>
      {(userErrors) => <Fields userErrors={userErrors} of={integration} />}
    </FormDialog>
  );
}

function Fields({ userErrors, of }: { userErrors: Parameters<typeof errorAt>[0]; of?: Connected }) {
  const isKept = of?.hasCredentials ? "Stored, and never shown. Empty: keep them." : "Stored encrypted, and never shown.";
  return (
    <>
      <TextField label="Name" name="name" defaultValue={of?.name} error={errorAt(userErrors, "name")} />
      <TextField
        label="Credentials"
        name="credentials"
        type="password"
        autoComplete="off"
        hint={isKept}
        error={errorAt(userErrors, "credentials")}
      />
      <TextField
        label="Credentials expire on"
        name="credentialsExpiresAt"
        type="date"
        hint="At the beginning of this day in UTC."
        defaultValue={of?.credentialsExpiresAt?.slice(0, 10)}
        error={errorAt(userErrors, "credentialsExpiresAt")}
      />
      <TextField
        label="Minutes between two runs"
        name="syncIntervalMinutes"
        type="number"
        defaultValue={of?.syncIntervalMinutes ?? 15}
        error={errorAt(userErrors, "syncIntervalMinutes")}
      />
      <TextArea
        label="Permissions at the service"
        name="scopes"
        rows={2}
        defaultValue={of?.scopes.join("\n")}
        hint="One per line."
        error={errorAt(userErrors, "scopes")}
      />
      <TextArea
        label="Settings"
        name="settings"
        rows={4}
        spellCheck={false}
        defaultValue={JSON.stringify(of?.settings ?? {}, null, 2)}
        hint="A JSON object. Never put credentials here: it is shown."
        error={errorAt(userErrors, "settings")}
      />
    </>
  );
}
