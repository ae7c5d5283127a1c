// Leads as cards and rows: their changes as they happen, and their status.
import { useEffectEvent, useRef, useState } from "react";
import { addOptimistic, addUpdates } from "../../api/client.ts";
import { useMutation, useQuery } from "../../api/hooks.ts";
import { useLive } from "../../api/live.ts";
import { leadFilterOf, type leadFilters } from "../../filters.ts";
import { format, words } from "../../format.ts";
import { forgetLeads } from "../../shared/leads.ts";
import { toast } from "../../ui/toasts.ts";
import type { LeadsCardFragment, LeadsFiguresQuery, LeadStatus } from "./gql/graphql.ts";
import { graphql, unmasked } from "./gql/index.ts";

const COUNT_PAUSE = 250;

export type LeadCard = LeadsCardFragment;
export type Values = ReturnType<typeof leadFilters.read>;
type Filter = ReturnType<typeof leadFilterOf>;

export const CARD = graphql(`
  fragment LeadsCard on Lead {
    id
    status
    nextStatuses
    version
    score
    expectedValue {
      amount
      currency
    }
    contactName
    company
    tags
    createdAt
    statusChangedAt
    assignee {
      id
      name
      email
    }
    keyword {
      id
      keyword
    }
    mention {
      id
      author
      platform
      title
    }
  }
`);

const FIGURES = graphql(`
  query LeadsFigures($filter: LeadFilter!) {
    leadStats(filter: $filter) {
      count
      byStatus {
        status
        count
      }
      value {
        amount
        currency
      }
    }
  }
`);

const CHANGED = graphql(`
  subscription LeadsChanged($after: String, $filter: LeadFilter!) {
    leadChanged(after: $after, filter: $filter) {
      cursor
      changes {
        kind
        leadId
        lead {
          ...LeadsCard
        }
      }
    }
  }
`);

const CHANGE_STATUS = graphql(`
  mutation LeadsChangeStatus($input: ChangeLeadStatusInput!) {
    changeLeadStatus(input: $input) {
      lead {
        ...LeadsCard
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

addOptimistic({
  changeLeadStatus(args) {
    const { id, status, expectedVersion } = args["input"] as { id: string; status: LeadStatus; expectedVersion: number };
    // A second change may follow before the answer to this one.
    const lead = { __typename: "Lead", id, status, version: expectedVersion + 1 } as const;
    return { __typename: "ChangeLeadStatusPayload", userErrors: [], lead };
  },
});
addUpdates({ Mutation: { deleteLead: forgetLeads } });

/** Return the name of a lead for people. */
export function nameOf({ contactName, company, mention }: LeadCard): string {
  return contactName || company || mention.author || "Unknown contact";
}

/** Return the number of leads and their value in each currency, such as "12 leads · €3,400.00". */
export function totalsOf(figures: LeadsFiguresQuery["leadStats"] | undefined): string {
  if (!figures) return "";
  const values = figures.value.map(({ amount, currency }) => format.money(amount, currency));
  return [`${format.number(figures.count)} ${figures.count === 1 ? "lead" : "leads"}`, ...values].join(" · ");
}

/** Read the numbers of leads and their value. `recount` reads them again soon. */
export function useFigures(filter: Filter) {
  const { data, refresh } = useQuery(FIGURES, { filter });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const read = useEffectEvent(() => refresh());
  function recount() {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => read(), COUNT_PAUSE);
  }
  return { figures: data?.leadStats, recount };
}

/**
 * Follow the changes of leads that match the filter. Return the IDs of those that have left the list. `onMissing` is
 * called with changed leads that `isKnown` does not know.
 */
export function useLeadEvents(
  filter: Filter,
  after: string | null,
  options: {
    pause: boolean;
    poll: () => void;
    recount: () => void;
    isKnown: (id: string) => boolean;
    onMissing: (lead: LeadCard) => void;
  },
): ReadonlySet<string> {
  const key = JSON.stringify(filter);
  const [gone, setGone] = useState({ key, ids: new Set<string>() });
  const ids = gone.key === key ? gone.ids : new Set<string>();
  useLive(
    CHANGED,
    { after, filter },
    {
      pause: options.pause,
      poll() {
        options.poll();
        options.recount();
      },
      onEvent({ leadChanged }) {
        const next = new Set(ids);
        for (const { leadId, lead } of leadChanged?.changes ?? []) {
          const card = lead && unmasked(CARD, lead);
          if (card) next.delete(leadId);
          else next.add(leadId);
          if (card && !options.isKnown(leadId)) options.onMissing(card);
        }
        setGone({ key, ids: next });
        options.recount();
      },
    },
  );
  return ids;
}

/** Return a function that changes the status of a lead, and undoes this where the API allows the way back. */
export function useStatusChange(after: () => void) {
  const [change] = useMutation(CHANGE_STATUS);

  return async function move(lead: LeadCard, status: LeadStatus, reason?: string): Promise<boolean> {
    const disqualifyReason = status === "DISQUALIFIED" && reason ? { disqualifyReason: reason } : {};
    const { payload } = await change({
      input: { id: lead.id, status, expectedVersion: lead.version, ...disqualifyReason },
    });
    after();
    const moved = payload?.lead && unmasked(CARD, payload.lead);
    if (!moved) return false;
    const canReturn = moved.nextStatuses.includes(lead.status);
    const back = async () => {
      await change({ input: { id: lead.id, status: lead.status, expectedVersion: moved.version } });
      after();
    };
    toast(`${nameOf(lead)}: ${words(status).toLowerCase()}.`, canReturn ? { undo: back } : {});
    return true;
  };
}
