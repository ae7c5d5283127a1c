import { use, useState } from "react";
import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation, usePages } from "../../api/hooks.ts";
import { format, useTimes, words } from "../../format.ts";
import { usePasswordCheck } from "../../session/password.tsx";
import { ViewerContext } from "../../session/viewer.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { ChecksField, errorAt, SelectField, TextField, textOf } from "../../ui/fields.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { SecretDialog } from "../../ui/SecretDialog.tsx";
import { useShortcut } from "../../ui/shortcuts.ts";
import { type Column, Table } from "../../ui/Table.tsx";
import { graphql } from "./gql/index.ts";
import type { SettingsKeysQuery } from "./gql/graphql.ts";

const LIST = graphql(`
  query SettingsKeys($first: Int!, $after: String) {
    apiKeys(first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        prefix
        scopes
        state
        createdAt
        expiresAt
        lastUsedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const CREATE = graphql(`
  mutation SettingsCreateKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      secret
      apiKey {
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

const ROTATE = graphql(`
  mutation SettingsRotateKey($input: RotateApiKeyInput!) {
    rotateApiKey(input: $input) {
      secret
      apiKey {
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

const REVOKE = graphql(`
  mutation SettingsRevokeKey($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) {
      apiKey {
        id
        state
      }
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
    createApiKey: (_result, _args, cache) => forgetList(cache, "apiKeys"),
    rotateApiKey: (_result, _args, cache) => forgetList(cache, "apiKeys"),
  },
});

type Key = NonNullable<SettingsKeysQuery["apiKeys"]>["nodes"][number];
type Opened = { kind: "create" } | { kind: "rotate" | "revoke"; key: Key } | { kind: "secret"; secret: string };

const READ = ["read:keywords", "read:mentions", "read:leads", "read:integrations"];
const SCOPES = [
  ...READ,
  "write:keywords",
  "write:mentions",
  "write:leads",
  "write:integrations",
  "write:settings",
  "read:keys",
  "write:keys",
  "read:webhooks",
  "write:webhooks",
];
const DAY = 86_400;
const EXPIRIES = [
  ["90", "In 90 days"],
  ["30", "In 30 days"],
  ["365", "In a year"],
  ["", "Never"],
] as const;
const OVERLAPS = [
  [String(DAY), "For another day"],
  [String(7 * DAY), "For another week"],
  ["3600", "For another hour"],
  ["0", "Not any more"],
] as const;
const TONES: Record<string, string> = { ACTIVE: "good", EXPIRED: "warn" };

/** The API keys of the viewer. A new secret is shown once, and kept nowhere in the page. */
export function ApiKeys() {
  const list = usePages(LIST, { first: 50 }, (data) => data.apiKeys);
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = () => setOpened(null);
  const box = useRowKeys<HTMLElement>();
  const show = (secret: string | null | undefined) => {
    list.restart();
    setOpened(secret ? { kind: "secret", secret } : null);
  };
  usePolling(list.poll);
  useShortcut("n", "Create an API key", () => setOpened({ kind: "create" }));
  return (
    <section ref={box} className="card broad bare" aria-labelledby="keys">
      <div className="heading">
        <h2 id="keys">API keys</h2>
        <button type="button" className="primary" onClick={() => setOpened({ kind: "create" })}>
          New API key
        </button>
      </div>
      <Answer of={list}>
        {({ apiKeys }) =>
          apiKeys &&
          (apiKeys.nodes.length === 0 ? (
            <Empty title="You have no API keys.">
              <p>Programs send a key to read and change your data.</p>
            </Empty>
          ) : (
            <>
              <KeyTable keys={apiKeys.nodes} open={setOpened} />
              <More more={list.more} shown={apiKeys.nodes.length} total={apiKeys.totalCount} />
            </>
          ))
        }
      </Answer>
      {opened?.kind === "create" && <CreateKey onClose={close} show={show} />}
      {opened?.kind === "rotate" && <RotateKey apiKey={opened.key} onClose={close} show={show} />}
      {opened?.kind === "revoke" && <RevokeKey apiKey={opened.key} onClose={close} />}
      {opened?.kind === "secret" && <SecretDialog title="Your API key" secret={opened.secret} onClose={close} />}
    </section>
  );
}

function KeyTable({ keys, open }: { keys: readonly Key[]; open: (opened: Opened) => void }) {
  const times = useTimes();
  const columns: Column<Key>[] = [
    {
      title: "Name",
      sortBy: ({ name }) => name,
      cell: ({ name, prefix }) => (
        <div className="wide">
          {name}
          <div className="note">
            <code>{prefix}…</code>
          </div>
        </div>
      ),
    },
    {
      title: "State",
      sortBy: ({ state }) => state,
      cell: ({ state }) => <span className={`badge ${TONES[state] ?? "muted"}`}>{words(state)}</span>,
    },
    {
      title: "Scopes",
      cell: ({ scopes }) => (
        <div className="scopes">
          {scopes.map((scope) => (
            <code key={scope}>{scope}</code>
          ))}
        </div>
      ),
    },
    {
      title: "Last used",
      sortBy: ({ lastUsedAt }) => lastUsedAt,
      cell: ({ lastUsedAt }) => (lastUsedAt ? format.age(lastUsedAt) : "Never"),
    },
    {
      title: "Expires",
      sortBy: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) => (expiresAt ? times.date(expiresAt) : "Never"),
    },
    {
      title: "Actions",
      cell: (key) =>
        key.state === "ACTIVE" && (
          <div className="actions">
            {(["rotate", "revoke"] as const).map((kind) => (
              <button
                key={kind}
                type="button"
                className="small"
                aria-label={`${words(kind)} ${key.name || key.prefix}`}
                onClick={() => open({ kind, key })}
              >
                {words(kind)}
              </button>
            ))}
          </div>
        ),
    },
  ];
  return <Table caption="Your API keys" columns={columns} rows={keys} keyOf={({ id }) => id} />;
}

type Show = (secret: string | null | undefined) => void;

function CreateKey({ onClose, show }: { onClose: () => void; show: Show }) {
  const role = use(ViewerContext)?.role;
  const [create] = useMutation(CREATE);
  const [checked, dialog] = usePasswordCheck();
  const scopes = role === "OPERATOR" ? [...SCOPES, "write:users"] : SCOPES;

  const done = ({ secret }: { secret: string | null }) => show(secret);
  async function submit(form: FormData) {
    const days = Number(textOf(form, "days"));
    const input = {
      name: textOf(form, "name"),
      scopes: form.getAll("scopes").map(String),
      ...(days > 0 && { expiresAt: new Date(Date.now() + days * DAY * 1000).toISOString() }),
    };
    return checked(() => create({ input }, { showsErrors: true }));
  }

  return (
    <>
      <FormDialog title="New API key" action="Create" shown={["name", "scopes"]} submit={submit} onClose={onClose} onDone={done}>
        {(userErrors) => (
          <>
            <TextField label="Name" name="name" hint="The program that will send the key." error={errorAt(userErrors, "name")} />
            <ChecksField
              label="Scopes"
              name="scopes"
              options={scopes.map((scope) => [scope, scope] as const)}
              chosen={READ}
              error={errorAt(userErrors, "scopes")}
            />
            <SelectField label="Expires" name="days" options={EXPIRIES} />
          </>
        )}
      </FormDialog>
      {dialog}
    </>
  );
}

function RotateKey({ apiKey, onClose, show }: { apiKey: Key; onClose: () => void; show: Show }) {
  const [rotate] = useMutation(ROTATE);
  const [checked, dialog] = usePasswordCheck();

  const done = ({ secret }: { secret: string | null }) => show(secret);
  async function submit(form: FormData) {
    const input = { id: apiKey.id, overlapSeconds: Number(textOf(form, "overlap")) };
    return checked(() => rotate({ input }, { showsErrors: true }));
  }

  return (
    <>
      <FormDialog title={`Rotate ${apiKey.name}`} action="Rotate" submit={submit} onClose={onClose} onDone={done}>
        <p>A new key with the same name and scopes replaces this one.</p>
        <SelectField label="The old key works" name="overlap" options={OVERLAPS} />
      </FormDialog>
      {dialog}
    </>
  );
}

function RevokeKey({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const [revoke] = useMutation(REVOKE);
  const done = `${apiKey.name} is revoked.`;
  const submit = () => revoke({ input: { id: apiKey.id } }, { showsErrors: true, done });
  return (
    <FormDialog title={`Revoke ${apiKey.name}?`} action="Revoke" isDangerous onClose={onClose} submit={submit}>
      <p>Programs that send this key stop working within five seconds. It cannot be undone.</p>
    </FormDialog>
  );
}
