import { useState } from "react";
import { Link } from "wouter";
import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation, usePages } from "../../api/hooks.ts";
import { format, words } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { ChecksField, errorAt, SelectField, TextField, textOf } from "../../ui/fields.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { SecretDialog } from "../../ui/SecretDialog.tsx";
import { useShortcut } from "../../ui/shortcuts.ts";
import { Table } from "../../ui/Table.tsx";
import { graphql } from "./gql/index.ts";
import type { WebhookEventType } from "./gql/graphql.ts";

const LIST = graphql(`
  query IntegrationsWebhooks($first: Int!, $after: String) {
    webhooks(first: $first, after: $after) {
      totalCount
      nodes {
        id
        url
        description
        eventTypes
        status
        failingSince
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const CREATE = graphql(`
  mutation IntegrationsCreateWebhook($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      secret
      webhook {
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

addUpdates({
  Mutation: {
    createWebhook: (_result, _args, cache) => forgetList(cache, "webhooks"),
    deleteWebhook: (_result, _args, cache) => forgetList(cache, "webhooks"),
  },
});

const KINDS = ["CREATED", "UPDATED", "DELETED"];
/** The types of events that a webhook can have. */
export const EVENTS = [
  ...["KEYWORD", "MENTION", "LEAD", "INTEGRATION", "EXPORT", "WEBHOOK"].flatMap((entity) =>
    KINDS.map((kind) => `${entity}_${kind}` as WebhookEventType),
  ),
  "USER_UPDATED" as WebhookEventType,
];
export const FIELDS = ["url", "description", "eventTypes", "signature"] as const;
const TONES: Record<string, string> = { ACTIVE: "good", PAUSED: "warn", DISABLED: "bad" };

export function WebhookBadge({ status, failingSince }: { status: string; failingSince: string | null }) {
  return (
    <span className="row">
      <span className={`badge ${TONES[status] ?? "muted"}`}>{words(status)}</span>
      {failingSince && <span className="badge bad">Failing since {format.age(failingSince)}</span>}
    </span>
  );
}

/** The list of webhooks. A new secret is shown once. */
export function Webhooks() {
  const list = usePages(LIST, { first: 50 }, (data) => data.webhooks);
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const box = useRowKeys<HTMLDivElement>();
  const [create] = useMutation(CREATE);
  usePolling(list.poll);
  useShortcut("n", "Create a webhook", () => setOpen(true));

  const submit = (form: FormData) => {
    const signature = textOf(form, "signature") === "V1A" ? "V1A" : "V1";
    return create({ input: { ...webhookOf(form), signature } }, { showsErrors: true });
  };

  return (
    <>
      <div className="heading">
        <h2>Webhooks</h2>
        <button type="button" className="primary" onClick={() => setOpen(true)}>
          New webhook
        </button>
      </div>
      <Answer of={list}>
        {({ webhooks }) =>
          webhooks &&
          (webhooks.nodes.length === 0 ? (
            <Empty title="You have no webhooks yet.">
              <p>A webhook sends a message to your URL when something changes.</p>
            </Empty>
          ) : (
            <div ref={box} className="card bare">
              <Table
                caption="Webhooks"
                rows={webhooks.nodes}
                keyOf={({ id }) => id}
                columns={[
                  {
                    title: "URL",
                    sortBy: ({ url }) => url,
                    cell: ({ id, url, description }) => (
                      <div className="wide">
                        <Link href={`/webhooks/${encodeURIComponent(id)}`}>{url}</Link>
                        <div className="note">{description}</div>
                      </div>
                    ),
                  },
                  { title: "Status", sortBy: ({ status }) => status, cell: (hook) => <WebhookBadge {...hook} /> },
                  { title: "Events", cell: ({ eventTypes }) => eventTypes.map(words).join(", ") },
                ]}
              />
              <More more={list.more} shown={webhooks.nodes.length} total={webhooks.totalCount} />
            </div>
          ))
        }
      </Answer>
      {isOpen && (
        <FormDialog
          title="New webhook"
          action="Create"
          shown={FIELDS}
          onClose={() => setOpen(false)}
          submit={submit}
          onDone={(made) => {
            setOpen(false);
            setSecret(made.secret);
            list.restart();
          }}
        >
          {(userErrors) => (
            <>
              <WebhookFields userErrors={userErrors} />
              <SelectField
                label="Signature"
                name="signature"
                options={[
                  ["V1", "Shared secret (HMAC)"],
                  ["V1A", "Public key (ed25519)"],
                ]}
                error={errorAt(userErrors, "signature")}
              />
            </>
          )}
        </FormDialog>
      )}
      {secret && <SecretDialog title="Secret of the webhook" secret={secret} onClose={() => setSecret(null)} />}
    </>
  );
}

/** Return the values of the fields that new and existing webhooks share. */
export function webhookOf(form: FormData) {
  return {
    url: textOf(form, "url"),
    description: textOf(form, "description"),
    eventTypes: EVENTS.filter((each) => form.getAll("eventTypes").includes(each)),
  };
}

export function WebhookFields(props: {
  userErrors: Parameters<typeof errorAt>[0];
  of?: { url: string; description: string; eventTypes: readonly string[] };
}) {
  const { userErrors, of } = props;
  return (
    <>
      <TextField
        label="URL"
        name="url"
        defaultValue={of?.url}
        placeholder="https://"
        hint="A public host that answers https."
        error={errorAt(userErrors, "url")}
      />
      <TextField
        label="Description"
        name="description"
        defaultValue={of?.description}
        error={errorAt(userErrors, "description")}
      />
      <ChecksField
        label="Events"
        name="eventTypes"
        options={EVENTS.map((each) => [each, words(each)] as const)}
        chosen={of?.eventTypes ?? ["MENTION_CREATED", "LEAD_CREATED", "LEAD_UPDATED"]}
        error={errorAt(userErrors, "eventTypes")}
      />
    </>
  );
}
