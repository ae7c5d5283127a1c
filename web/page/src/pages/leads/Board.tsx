import { useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { usePages } from "../../api/hooks.ts";
import { leadFilterOf, STATUSES } from "../../filters.ts";
import { format, words } from "../../format.ts";
import { Answer } from "../../ui/Answer.tsx";
import { useShortcut } from "../../ui/shortcuts.ts";
import { toast } from "../../ui/toasts.ts";
import type { LeadStatus } from "./gql/graphql.ts";
import { graphql, unmasked } from "./gql/index.ts";
import { CARD, type LeadCard, nameOf, totalsOf, useFigures, useLeadEvents, type Values } from "./leads.ts";
import { StatusChanges, StatusSelect, useAskStatus } from "./StatusChange.tsx";

const PAGE = 30;
type Status = (typeof STATUSES)[number];

const COLUMN = graphql(`
  query LeadsColumn($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {
    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {
      nodes {
        ...LeadsCard
      }
      pageInfo {
        hasNextPage
        endCursor
        changesAfter
      }
    }
  }
`);

function useColumn(values: Values, status: Status) {
  const isShown = values.status?.includes(status) ?? true;
  const filter = { ...leadFilterOf(values), status: { eq: status } };
  const variables = { first: isShown ? PAGE : 0, filter, order: values.order ?? "NEWEST" };
  const state = usePages(COLUMN, variables, (data) => data.leads);
  return { status, isShown, state, leads: unmasked(CARD, state.data?.leads?.nodes ?? []) };
}

const amount = ({ expectedValue }: LeadCard) => (expectedValue ? Number(expectedValue.amount) : -1);
const latest = (one: string, other: string) => other.localeCompare(one);
const ORDERS: Record<NonNullable<Values["order"]>, (one: LeadCard, other: LeadCard) => number> = {
  NEWEST: (one, other) => latest(one.createdAt, other.createdAt),
  OLDEST: (one, other) => latest(other.createdAt, one.createdAt),
  LATEST_CHANGE: (one, other) => latest(one.statusChangedAt, other.statusChangedAt),
  HIGHEST_SCORE: (one, other) => (other.score ?? -1) - (one.score ?? -1),
  HIGHEST_VALUE: (one, other) => amount(other) - amount(one),
};

/** The leads in one column for each status. A lead stands in the column of its present status, whatever list it is of. */
export function Board({ values, query }: { values: Values; query: string }) {
  const columns = [
    useColumn(values, "NEW"),
    useColumn(values, "CONTACTED"),
    useColumn(values, "QUALIFIED"),
    useColumn(values, "CONVERTED"),
    useColumn(values, "DISQUALIFIED"),
  ];
  const filter = leadFilterOf(values);
  const { figures, recount } = useFigures(filter);
  const known = new Map(columns.flatMap(({ leads }) => leads.map((lead) => [lead.id, lead] as const)));
  const first = columns.find(({ isShown }) => isShown)?.state ?? columns[0]?.state;
  const gone = useLeadEvents(filter, first?.data?.leads?.pageInfo.changesAfter ?? null, {
    pause: columns.some(({ state }) => state.data === undefined),
    poll: () => columns.forEach(({ isShown, state }) => isShown && state.poll()),
    recount,
    isKnown: (id) => known.has(id),
    onMissing: (lead) => columns.find(({ status }) => status === lead.status)?.state.refresh(),
  });
  const leads = [...known.values()].filter(({ id }) => !gone.has(id)).sort(ORDERS[values.order ?? "NEWEST"]);

  return (
    <StatusChanges after={recount}>
      <p className="note" role="status" aria-label="Totals">
        {totalsOf(figures)}
      </p>
      <Columns
        query={query}
        columns={columns
          .filter(({ isShown }) => isShown)
          .map(({ status, state }) => ({
            status,
            state,
            leads: leads.filter((lead) => lead.status === status),
            count: figures?.byStatus.find((each) => each.status === status)?.count,
          }))}
      />
    </StatusChanges>
  );
}

interface Column {
  status: Status;
  state: ReturnType<typeof useColumn>["state"];
  leads: LeadCard[];
  count: number | undefined;
}

function Columns({ columns, query }: { columns: Column[]; query: string }) {
  const ask = useAskStatus();
  const board = useRef<HTMLDivElement>(null);
  const focused = useRef<string | null>(null);
  const [dragged, setDragged] = useState<LeadCard | null>(null);
  const all = columns.flatMap(({ leads }) => leads);

  useLayoutEffect(() => {
    // A card that moves to another column takes the focus along.
    if (document.activeElement === document.body && focused.current) document.getElementById(cardId(focused.current))?.focus();
  });
  const current = () => {
    const inside = board.current?.contains(document.activeElement) ?? false;
    return inside ? all.find(({ id }) => id === focused.current) : undefined;
  };
  const focus = (lead: LeadCard | undefined) => lead && document.getElementById(cardId(lead.id))?.focus();

  function within(by: 1 | -1) {
    const lead = current();
    const column = columns.find(({ leads }) => lead && leads.includes(lead))?.leads;
    focus(column && lead ? column[column.indexOf(lead) + by] : all[0]);
  }
  function across(by: 1 | -1) {
    const lead = current();
    const place = columns.findIndex(({ leads }) => lead && leads.includes(lead));
    const row = lead ? (columns[place]?.leads.indexOf(lead) ?? 0) : 0;
    for (let next = place + by; columns[next]; next += by) {
      const { leads } = columns[next] as Column;
      if (leads.length > 0) return focus(leads[Math.min(row, leads.length - 1)]);
    }
    if (!lead) focus(all[0]);
  }
  function move(by: 1 | -1) {
    const lead = current();
    if (!lead) return;
    const order: readonly string[] = by > 0 ? STATUSES : STATUSES.toReversed();
    const next = order.slice(order.indexOf(lead.status) + 1).find((status) => lead.nextStatuses.includes(status as LeadStatus));
    if (next) ask(lead, next as LeadStatus);
    else toast(`${nameOf(lead)} has no allowed status ${by > 0 ? "after" : "before"} ${words(lead.status).toLowerCase()}.`);
  }
  useShortcut("j", "Go to the next lead", () => within(1));
  useShortcut("k", "Go to the previous lead", () => within(-1));
  useShortcut("h", "Go to the column on the left", () => across(-1));
  useShortcut("l", "Go to the column on the right", () => across(1));
  useShortcut("]", "Move the lead to the next allowed status", () => move(1));
  useShortcut("[", "Move the lead to the previous allowed status", () => move(-1));

  return (
    <div
      className="board"
      ref={board}
      onFocus={({ target }) => {
        focused.current = target.closest("[data-lead]")?.getAttribute("data-lead") ?? focused.current;
      }}
    >
      {columns.map(({ status, state, leads, count }) => {
        const accepts = dragged !== null && dragged.nextStatuses.includes(status);
        return (
          <section
            key={status}
            aria-label={words(status)}
            className={dragged && dragged.status !== status ? (accepts ? "column accepts" : "column refuses") : "column"}
            onDragOver={(event) => accepts && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged) ask(dragged, status);
              setDragged(null);
            }}
          >
            <h2>
              {words(status)} <span className="note">{count === undefined ? "" : format.number(count)}</span>
            </h2>
            <Answer of={state}>
              {(data) =>
                data.leads && (
                  <>
                    {leads.length === 0 && <p className="note">No leads.</p>}
                    <ul aria-label={`${words(status)} leads`}>
                      {leads.map((lead) => (
                        <Card key={lead.id} lead={lead} query={query} drag={setDragged} />
                      ))}
                    </ul>
                    {state.more && (
                      <button type="button" onClick={state.more}>
                        Show more
                      </button>
                    )}
                  </>
                )
              }
            </Answer>
          </section>
        );
      })}
    </div>
  );
}

const cardId = (id: string) => `lead-${id}`;

function Card({ lead, query, drag }: { lead: LeadCard; query: string; drag: (lead: LeadCard | null) => void }) {
  const { expectedValue, score, company, assignee } = lead;
  return (
    <li
      className="card lead-card"
      data-lead={lead.id}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.setData("text/plain", lead.id);
        event.dataTransfer.effectAllowed = "move";
        drag(lead);
      }}
      onDragEnd={() => drag(null)}
    >
      <Link id={cardId(lead.id)} href={`/${encodeURIComponent(lead.id)}${query}`} draggable={false}>
        {nameOf(lead)}
      </Link>
      {company && company !== nameOf(lead) && <span className="note">{company}</span>}
      <span className="facts-line">
        {expectedValue && <strong>{format.money(expectedValue.amount, expectedValue.currency)}</strong>}
        {typeof score === "number" && <span className="note">Score {score}</span>}
        <span className="note">{lead.keyword.keyword}</span>
        {assignee && <span className="note">{assignee.name || assignee.email}</span>}
        {lead.tags.map((tag) => (
          <span key={tag} className="badge">
            {tag}
          </span>
        ))}
      </span>
      <span className="facts-line">
        <StatusSelect lead={lead} />
        <span className="note">{format.age(lead.createdAt)}</span>
      </span>
    </li>
  );
}
