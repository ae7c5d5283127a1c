import { format, useTimes, words } from "../../format.ts";
import { useChoices } from "./Filters.tsx";
import type { LeadsEventFragment } from "./gql/graphql.ts";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";

export const EVENT = graphql(`
  fragment LeadsEvent on LeadEvent {
    id
    type
    fromStatus
    toStatus
    createdAt
    changes {
      field
      old
      new
    }
    rule {
      autoLeadScore
      score
    }
    actor {
      id
      name
      email
    }
  }
`);

/** The events of the lead, newest first. */
export function History(props: {
  events: readonly FragmentType<typeof EVENT>[];
  total: number;
  more: (() => void) | null;
}) {
  const events = unmasked(EVENT, props.events);
  const { moment } = useTimes();
  const people = new Map(useChoices().people);
  return (
    <>
      <h2>History</h2>
      <ol className="history" aria-label="History">
        {events.map((event) => (
          <li key={event.id}>
            <p>{sentence(event, people)}</p>
            {event.type !== "STATUS_CHANGED" && event.type !== "ASSIGNED" && <Changes changes={event.changes} />}
            <p className="note">
              {event.actor ? event.actor.name || event.actor.email : "Leadgraph"} · {moment(event.createdAt)}
            </p>
          </li>
        ))}
      </ol>
      {events.length < props.total && (
        <p className="note">
          {format.number(events.length)} of {format.number(props.total)} events
        </p>
      )}
      {props.more && (
        <button type="button" onClick={props.more}>
          Show more
        </button>
      )}
    </>
  );
}

function sentence(event: LeadsEventFragment, people: ReadonlyMap<string, string>): string {
  const { type, fromStatus, toStatus, rule, changes } = event;
  switch (type) {
    case "CREATED":
      return rule ? `Made by a rule: score ${rule.score}, at least ${rule.autoLeadScore}` : "Created";
    case "STATUS_CHANGED":
      return `${fromStatus ? `${words(fromStatus)} → ` : ""}${toStatus ? words(toStatus) : ""}`;
    case "NOTED":
      return "Notes changed";
    case "ASSIGNED": {
      const to = changes.find(({ field }) => field === "assigneeId")?.new;
      return to ? `Assigned to ${people.get(to) ?? "another user"}` : "Unassigned";
    }
    default:
      return words(type);
  }
}

const NAMES: Record<string, string> = { expectedValue: "Value", value: "Value", contactName: "Contact" };
const fieldName = (field: string) =>
  NAMES[field] ?? words(field.replace(/[A-Z]/gu, (letter) => `_${letter}`));

function Changes({ changes }: { changes: LeadsEventFragment["changes"] }) {
  const shown = changes.filter(({ old, new: now }) => old || now);
  if (shown.length === 0) return null;
  return (
    <ul className="changes">
      {shown.map(({ field, old, new: now }) => (
        <li key={field}>
          {fieldName(field)}: {old || "–"} → {now || "–"}
        </li>
      ))}
    </ul>
  );
}
