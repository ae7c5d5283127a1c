import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useMutation, useQuery } from "../../api/hooks.ts";
import { leadFilterOf } from "../../filters.ts";
import { format, useTimes, words } from "../../format.ts";
import { safeAddress } from "../../links.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { EditForm } from "./EditForm.tsx";
import { History } from "./History.tsx";
import type { LeadsOneFragment } from "./gql/graphql.ts";
import { graphql, unmasked } from "./gql/index.ts";
import { CARD, nameOf, useLeadEvents } from "./leads.ts";
import { StatusChanges, useAskStatus } from "./StatusChange.tsx";

const FIRST_EVENTS = 20;
const MOST_EVENTS = 100;

export const LEAD = graphql(`
  fragment LeadsOne on Lead {
    ...LeadsCard
    id
    version
    disqualifyReason
    contactHandle
    contactEmail
    notes
    origin
    externalReference
    updatedAt
    scoreBreakdown {
      relevance
      intent
      sentiment
      recency
      reach
    }
    mention {
      id
      url
      content
      createdAt
    }
    sameContact {
      id
      status
      contactName
      company
      createdAt
    }
  }
`);

const ONE = graphql(`
  query LeadsDetail($id: ID!, $events: Int!) {
    lead(id: $id) {
      ...LeadsOne
      events(first: $events) {
        totalCount
        nodes {
          ...LeadsEvent
        }
        pageInfo {
          changesAfter
        }
      }
    }
  }
`);

const DELETE = graphql(`
  mutation LeadsDelete($input: DeleteLeadInput!) {
    deleteLead(input: $input) {
      deletedLeadId
      mention {
        id
        lead {
          id
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

/** One lead: its data, its mention and its history. */
export function Detail({ id, query }: { id: string; query: string }) {
  const [events, setEvents] = useState(FIRST_EVENTS);
  const state = useQuery(ONE, { id, events });
  const after = state.data?.lead?.events.pageInfo.changesAfter ?? null;
  const gone = useLeadEvents(leadFilterOf({}), after, {
    pause: !state.data?.lead,
    poll: state.poll,
    // The history has a new event, of this lead or, rarely, of another one.
    recount: state.refresh,
    isKnown: () => true,
    onMissing: () => {},
  });
  if (gone.has(id)) return <Gone query={query} title="This lead was deleted." />;
  return (
    <Answer of={state}>
      {({ lead }) => {
        if (lead === null) return state.error ? null : <Gone query={query} title="This lead does not exist." />;
        if (!lead) return null;
        const { totalCount, nodes } = lead.events;
        const more = events < Math.min(totalCount, MOST_EVENTS) ? () => setEvents(MOST_EVENTS) : null;
        return (
          <StatusChanges after={state.refresh}>
            <Shown lead={unmasked(LEAD, lead)} query={query} refresh={state.refresh}>
              <History events={nodes} total={totalCount} more={more} />
            </Shown>
          </StatusChanges>
        );
      }}
    </Answer>
  );
}

function Gone({ title, query }: { title: string; query: string }) {
  return (
    <>
      <h1>Leads</h1>
      <Empty title={title}>
        <Link href={query || "/"}>Back to the leads</Link>
      </Empty>
    </>
  );
}

function Shown(props: { lead: LeadsOneFragment; query: string; refresh: () => void; children: React.ReactNode }) {
  const { lead, query, refresh, children } = props;
  const card = unmasked(CARD, lead);
  const ask = useAskStatus();
  const { moment } = useTimes();
  const heading = useRef<HTMLHeadingElement>(null);
  const offered = card.nextStatuses.join();
  const before = useRef(offered);
  // The pressed button of a status is gone after the change, and the focus with it.
  useEffect(() => {
    if (before.current !== offered && document.activeElement === document.body) heading.current?.focus();
    before.current = offered;
  }, [offered]);
  return (
    <>
      <Link href={query || "/"}>← Back to the leads</Link>
      <header className="row leads-header">
        <h1 ref={heading} tabIndex={-1}>
          {nameOf(card)}
        </h1>
        <span className="badge">{words(card.status)}</span>
        {lead.disqualifyReason && <span className="note">{lead.disqualifyReason}</span>}
        <div className="row" role="toolbar" aria-label="Status">
          {card.nextStatuses.map((status) => (
            <button key={status} type="button" onClick={() => ask(card, status)}>
              {words(status)}
            </button>
          ))}
          <DeleteButton id={lead.id} name={nameOf(card)} query={query} />
        </div>
      </header>
      <div className="detail">
        <section className="card" aria-label="Data">
          <EditForm lead={lead} card={card} refresh={refresh} />
        </section>
        <div className="aside">
          <section className="card">
            <h2>Mention</h2>
            <p className="note">
              {card.mention.author} · {words(card.mention.platform)} · {card.keyword.keyword} ·{" "}
              {moment(lead.mention.createdAt)}
            </p>
            <p className="text">{lead.mention.content}</p>
            <p className="row">
              <Link href={`~/inbox/${encodeURIComponent(card.mention.id)}`}>Open in the inbox</Link>
              {safeAddress(lead.mention.url) && (
                <a href={lead.mention.url} target="_blank" rel="noopener noreferrer">
                  Open the original
                </a>
              )}
            </p>
          </section>
          <Score score={card.score ?? null} parts={lead.scoreBreakdown ?? null} />
          {lead.sameContact.length > 0 && (
            <section className="card">
              <h2>Leads of the same person</h2>
              <ul>
                {lead.sameContact.map((other) => (
                  <li key={other.id}>
                    <Link href={`/${encodeURIComponent(other.id)}`}>{other.contactName || other.company || "Lead"}</Link>{" "}
                    <span className="note">
                      {words(other.status)}, {format.age(other.createdAt)}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section className="card">{children}</section>
        </div>
      </div>
    </>
  );
}

const PARTS = [
  ["relevance", 40],
  ["intent", 30],
  ["sentiment", 10],
  ["recency", 10],
  ["reach", 10],
] as const;

function Score({ score, parts }: { score: number | null; parts: NonNullable<LeadsOneFragment["scoreBreakdown"]> | null }) {
  if (score === null || !parts) return null;
  return (
    <section className="card">
      <h2>Score {score} of 100</h2>
      <dl className="facts">
        {PARTS.map(([name, most]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>
              {format.number(parts[name])} of {most}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function DeleteButton({ id, name, query }: { id: string; name: string; query: string }) {
  const [isAsking, setAsking] = useState(false);
  const [remove, isRunning] = useMutation(DELETE);
  const [, navigate] = useLocation();
  async function confirmed() {
    const { payload } = await remove({ input: { id } }, { done: "The lead is deleted." });
    setAsking(false);
    if (payload) navigate(query || "/");
  }
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Delete
      </button>
      {isAsking && (
        <Dialog title={`Delete the lead ${name}?`} onClose={() => setAsking(false)}>
          <p>The lead and its history are deleted. The mention stays. This cannot be undone.</p>
          <button type="button" className="primary" disabled={isRunning} onClick={() => void confirmed()}>
            Delete the lead
          </button>
        </Dialog>
      )}
    </>
  );
}
