import { useState } from "react";
import { useLocation } from "wouter";
import { useMutation, usePages } from "../../api/hooks.ts";
import { format, useTimes, words } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { errorAt, SelectField } from "../../ui/fields.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { SecretDialog } from "../../ui/SecretDialog.tsx";
import { type Column, Table } from "../../ui/Table.tsx";
import { graphql } from "./gql/index.ts";
import type { IntegrationsWebhookQuery } from "./gql/graphql.ts";
import { TestWebhook } from "./TestWebhook.tsx";
import { FIELDS, WebhookBadge, WebhookFields, webhookOf } from "./Webhooks.tsx";

const DETAIL = graphql(`
  query IntegrationsWebhook($id: ID!, $first: Int!, $after: String, $filter: WebhookDeliveryFilter) {
    webhook(id: $id) {
      id
      url
      description
      eventTypes
      hasFilter
      scopes
      signature
      publicKey
      status
      disabledReason
      failingSince
      resumesAt
      createdAt
      deliveries(first: $first, after: $after, filter: $filter) {
        totalCount
        nodes {
          id
          messageId
          eventType
          occurredAt
          status
          attempts
          nextAttemptAt
          responseStatus
          responseExcerpt
          error
          durationMs
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const UPDATE = graphql(`
  mutation IntegrationsUpdateWebhook($input: UpdateWebhookInput!) {
    updateWebhook(input: $input) {
      webhook {
        id
        url
        description
        eventTypes
        status
        disabledReason
        failingSince
        resumesAt
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
  mutation IntegrationsRotateSecret($input: RotateWebhookSecretInput!) {
    rotateWebhookSecret(input: $input) {
      secret
      webhook {
        id
        publicKey
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const SKIP = graphql(`
  mutation IntegrationsSkipToNow($input: ReplayWebhookInput!) {
    replayWebhook(input: $input) {
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

const REPLAY = graphql(`
  mutation IntegrationsReplayDelivery($input: ReplayWebhookDeliveryInput!) {
    replayWebhookDelivery(input: $input) {
      delivery {
        id
        status
        attempts
        nextAttemptAt
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
  mutation IntegrationsDeleteWebhook($input: DeleteWebhookInput!) {
    deleteWebhook(input: $input) {
      deletedWebhookId
      userErrors {
        code
        message
        path
      }
    }
  }
`);

type Row = NonNullable<IntegrationsWebhookQuery["webhook"]>;
type Delivery = Row["deliveries"]["nodes"][number];
type Opened = "edit" | "rotate" | "skip" | "test" | "delete";

const STATUSES = ["PENDING", "DELIVERED", "FAILED"] as const;
const OVERLAPS = [
  ["86400", "For another day"],
  ["3600", "For another hour"],
  ["0", "Not any more"],
] as const;
const PENDING_SECONDS = 3;

/** One webhook: its state and its deliveries. */
export function Webhook({ id }: { id: string }) {
  const [status, setStatus] = useState<(typeof STATUSES)[number] | "">("");
  const filter = status && { filter: { status: { eq: status } } };
  const state = usePages(DETAIL, { id, first: 25, ...filter }, (data) => data.webhook?.deliveries);
  const isPending = state.data?.webhook?.deliveries.nodes.some((each) => each.status === "PENDING");
  usePolling(state.poll, isPending ? PENDING_SECONDS : undefined);
  return (
    <Answer of={state}>
      {({ webhook }) =>
        webhook === null ? (
          state.error ? null : <Empty title="This webhook does not exist." />
        ) : (
          <div className="parts">
            <Overview webhook={webhook} refresh={state.refresh} />
            <section className="card" aria-labelledby="deliveries">
              <div className="heading">
                <h2 id="deliveries">Deliveries</h2>
                <SelectField
                  label="Status"
                  value={status}
                  options={[["", "All"], ...STATUSES.map((each) => [each, words(each)] as const)]}
                  onChange={({ target }) => setStatus(STATUSES.find((each) => each === target.value) ?? "")}
                />
              </div>
              <Deliveries deliveries={webhook.deliveries.nodes} refresh={state.refresh}>
                <More more={state.more} shown={webhook.deliveries.nodes.length} total={webhook.deliveries.totalCount} />
              </Deliveries>
            </section>
          </div>
        )
      }
    </Answer>
  );
}

function Overview({ webhook, refresh }: { webhook: Row; refresh: () => void }) {
  const times = useTimes();
  const [, navigate] = useLocation();
  const [update] = useMutation(UPDATE);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const close = () => setOpened(null);
  const { id, url, status } = webhook;
  const isActive = status === "ACTIVE";
  const setStatus = (to: "ACTIVE" | "PAUSED") => update({ input: { id, status: to } });
  const toggle = () =>
    isActive
      ? update({ input: { id, status: "PAUSED" } }, { done: "The webhook is paused.", undo: () => setStatus("ACTIVE") })
      : update({ input: { id, status: "ACTIVE" } }, { done: "The webhook is active." });
  const facts: [string, React.ReactNode][] = [
    ["Events", webhook.eventTypes.map(words).join(", ")],
    ["Objects", webhook.hasFilter ? "Those of a filter" : "All"],
    ["Scopes", webhook.scopes.join(", ")],
    ["Signature", webhook.signature === "V1A" ? "Public key (ed25519)" : "Shared secret (HMAC)"],
    ["Public key", webhook.publicKey ?? "–"],
    ["Disabled because", webhook.disabledReason ? words(webhook.disabledReason) : "–"],
    ["Next test", webhook.resumesAt ? times.moment(webhook.resumesAt) : "–"],
    ["Created", times.moment(webhook.createdAt)],
  ];
  const button = (title: string, run: () => unknown) => (
    <button type="button" onClick={() => void run()}>
      {title}
    </button>
  );
  return (
    <section className="card" aria-labelledby="webhook">
      <div className="heading">
        <h2 id="webhook">{url}</h2>
        <WebhookBadge {...webhook} />
      </div>
      {webhook.description && <p>{webhook.description}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="row">
        {button("Edit", () => setOpened("edit"))}
        {button(isActive ? "Pause" : "Enable", toggle)}
        {button("Test", () => setOpened("test"))}
        {button("Rotate the secret", () => setOpened("rotate"))}
        {button("Skip to now", () => setOpened("skip"))}
        {button("Delete", () => setOpened("delete"))}
      </div>
      {opened === "edit" && <Edit webhook={webhook} onClose={close} />}
      {opened === "test" && <TestWebhook id={id} onClose={close} />}
      {opened === "rotate" && (
        <Rotate
          id={id}
          onClose={close}
          show={(made) => {
            close();
            setSecret(made);
          }}
        />
      )}
      {opened === "skip" && <Skip id={id} onClose={close} refresh={refresh} />}
      {opened === "delete" && <Delete id={id} url={url} onClose={close} gone={() => navigate("/webhooks")} />}
      {secret && <SecretDialog title="New secret of the webhook" secret={secret} onClose={() => setSecret(null)} />}
    </section>
  );
}

function Edit({ webhook, onClose }: { webhook: Row; onClose: () => void }) {
  const [update] = useMutation(UPDATE);
  const { id, url, description, eventTypes } = webhook;
  const submit = (form: FormData) => {
    const before = { id, url, description, eventTypes };
    const undo = () => update({ input: before }, { done: "The webhook is as before." });
    return update({ input: { id, ...webhookOf(form) } }, { showsErrors: true, done: "The webhook is changed.", undo });
  };
  return (
    <FormDialog title="Edit the webhook" action="Save" shown={FIELDS} onClose={onClose} submit={submit}>
      {(userErrors) => <WebhookFields userErrors={userErrors} of={webhook} />}
    </FormDialog>
  );
}

function Rotate({ id, onClose, show }: { id: string; onClose: () => void; show: (secret: string | null) => void }) {
  const [rotate] = useMutation(ROTATE);
  const submit = (form: FormData) =>
    rotate({ input: { id, overlapSeconds: Number(form.get("overlap")) } }, { showsErrors: true });
  return (
    <FormDialog
      title="Rotate the secret"
      action="Rotate"
      onClose={onClose}
      submit={submit}
      onDone={({ secret }) => show(secret)}
    >
      {(userErrors) => (
        <SelectField
          label="The present secret signs, too"
          name="overlap"
          options={OVERLAPS}
          error={errorAt(userErrors, "overlapSeconds")}
        />
      )}
    </FormDialog>
  );
}

function Skip({ id, onClose, refresh }: { id: string; onClose: () => void; refresh: () => void }) {
  const [skip] = useMutation(SKIP);
  const done = "The webhook goes on from now.";
  async function submit() {
    const outcome = await skip({ input: { id } }, { showsErrors: true, done });
    if (outcome.payload) refresh();
    return outcome;
  }
  return (
    <FormDialog title="Skip to now?" action="Skip" isDangerous onClose={onClose} submit={submit}>
      <p>Events that were not sent yet are skipped. It cannot be undone here.</p>
    </FormDialog>
  );
}

function Delete(props: { id: string; url: string; onClose: () => void; gone: () => void }) {
  const [remove] = useMutation(DELETE);
  const submit = () => remove({ input: { id: props.id } }, { showsErrors: true, done: "The webhook is deleted." });
  return (
    <FormDialog
      title={`Delete ${props.url}?`}
      action="Delete"
      isDangerous
      onClose={props.onClose}
      onDone={props.gone}
      submit={submit}
    >
      <p>This deletes the webhook, its secrets and its deliveries. Pending messages are not sent. It cannot be undone.</p>
    </FormDialog>
  );
}

const TONES: Record<string, string> = { DELIVERED: "good", PENDING: "warn", FAILED: "bad" };

function Deliveries(props: { deliveries: readonly Delivery[]; refresh: () => void; children: React.ReactNode }) {
  const times = useTimes();
  const box = useRowKeys<HTMLDivElement>();
  const [replay] = useMutation(REPLAY);
  if (props.deliveries.length === 0) return <Empty title="No message was sent yet." />;
  const columns: Column<Delivery>[] = [
    {
      title: "Event",
      cell: ({ eventType, messageId }) => (
        <div className="wide">
          {words(eventType)}
          <div className="note">
            <code>{messageId}</code>
          </div>
        </div>
      ),
    },
    {
      title: "Time",
      sortBy: ({ occurredAt }) => occurredAt,
      cell: ({ occurredAt }) => <time dateTime={occurredAt}>{times.moment(occurredAt)}</time>,
    },
    {
      title: "Status",
      sortBy: ({ status }) => status,
      cell: ({ status }) => <span className={`badge ${TONES[status] ?? "muted"}`}>{words(status)}</span>,
    },
    { title: "Attempts", isNumber: true, sortBy: ({ attempts }) => attempts, cell: ({ attempts }) => format.number(attempts) },
    {
      title: "Answer",
      cell: ({ responseStatus, responseExcerpt, error, durationMs, nextAttemptAt }) => (
        <div className="wide">
          {[responseStatus, error, durationMs !== null && `${durationMs} ms`].filter(Boolean).join(" · ") || "–"}
          {responseExcerpt && <div className="note">{responseExcerpt}</div>}
          {nextAttemptAt && <div className="note">Next attempt {format.age(nextAttemptAt)}</div>}
        </div>
      ),
    },
    {
      title: "Actions",
      cell: ({ id, messageId, status }) =>
        status !== "PENDING" && (
          <button
            type="button"
            className="small"
            aria-label={`Send ${messageId} again`}
            onClick={async () => {
              const { payload } = await replay({ input: { id } }, { done: "The message is sent again." });
              if (payload) props.refresh();
            }}
          >
            Send again
          </button>
        ),
    },
  ];
  return (
    <div ref={box} className="bare">
      <Table caption="Deliveries" columns={columns} rows={props.deliveries} keyOf={({ id }) => id} />
      {props.children}
    </div>
  );
}
