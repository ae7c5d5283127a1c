// The actions on mentions. Each change is shown at once, rolled back if it is refused, and can be undone.
import { addOptimistic, addUpdates } from "../../api/client.ts";
import { useMutation } from "../../api/hooks.ts";
import { format } from "../../format.ts";
import { forgetLeads } from "../../shared/leads.ts";
import { toast } from "../../ui/toasts.ts";
import type { DismissReason } from "./gql/graphql.ts";
import { graphql } from "./gql/index.ts";
import type { MentionRow } from "./mentions.ts";

const MOST_IDS = 1000;

export const REASONS = ["IRRELEVANT", "SPAM", "DUPLICATE", "OWN_POST", "OTHER"] as const;

const TRIAGE = graphql(`
  mutation InboxTriage($input: TriageMentionsInput!) {
    triageMentions(input: $input) {
      changedCount
      mentions {
        id
        readAt
        starredAt
        dismissedAt
        dismissReason
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const CREATE_LEAD = graphql(`
  mutation InboxCreateLead($input: CreateLeadInput!) {
    createLead(input: $input) {
      created
      lead {
        id
        status
        mention {
          id
          lead {
            id
          }
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

const DELETE_LEAD = graphql(`
  mutation InboxDeleteLead($input: DeleteLeadInput!) {
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

/** The marks of `TriageMentionsInput`. */
export interface Marks {
  read?: boolean;
  starred?: boolean;
  dismissed?: boolean;
  dismissReason?: DismissReason;
}

/** Return the fields of a mention after its marks are set. */
function fieldsAfter({ read, starred, dismissed, dismissReason }: Marks, now: string) {
  const isRead = read ?? (dismissed ? true : undefined);
  return {
    ...(isRead !== undefined && { readAt: isRead ? now : null }),
    ...(starred !== undefined && { starredAt: starred ? now : null }),
    ...(dismissed !== undefined && { dismissedAt: dismissed ? now : null, dismissReason: dismissReason ?? null }),
  };
}

/** Return the marks that a mention had, of those that a change sets. */
function marksBefore(change: Marks, { readAt, starredAt, dismissedAt, dismissReason }: MentionRow): Marks {
  return {
    ...((change.read !== undefined || change.dismissed) && { read: readAt !== null }),
    ...(change.starred !== undefined && { starred: starredAt !== null }),
    ...(change.dismissed !== undefined && { dismissed: dismissedAt !== null }),
    ...(change.dismissed !== undefined && dismissedAt && dismissReason && { dismissReason: dismissReason as DismissReason }),
  };
}

addOptimistic({
  triageMentions(args) {
    const { ids, ...marks } = args["input"] as Marks & { ids: string[] };
    const fields = fieldsAfter(marks, new Date().toISOString());
    return {
      __typename: "TriageMentionsPayload",
      changedCount: ids.length,
      userErrors: [],
      mentions: ids.map((id) => ({ __typename: "Mention", id, ...fields })),
    };
  },
});

addUpdates({ Mutation: { createLead: forgetLeads, deleteLead: forgetLeads } });

const number = (count: number) => `${format.number(count)} ${count === 1 ? "mention is" : "mentions are"}`;

/** Return the actions. `after` is called when the server has answered. */
export function useTriage(after: () => void) {
  const [triage] = useMutation(TRIAGE);
  const [createLead, isMaking] = useMutation(CREATE_LEAD);
  const [deleteLead] = useMutation(DELETE_LEAD);

  /** Set marks of mentions. `done` completes the message, such as "starred"; without it, there is no message. */
  async function mark(mentions: MentionRow[], marks: Marks, done?: string) {
    const before = Map.groupBy(mentions, (mention) => JSON.stringify(marksBefore(marks, mention)));
    const undo = async () => {
      for (const [old, those] of before) await send(those, JSON.parse(old) as Marks);
    };
    const isDone = await send(mentions, marks);
    if (isDone && done) toast(`${number(mentions.length)} ${done}.`, { undo });
  }

  async function send(mentions: MentionRow[], marks: Marks): Promise<boolean> {
    const ids = mentions.map(({ id }) => id);
    let isDone = true;
    for (let start = 0; start < ids.length && isDone; start += MOST_IDS) {
      const { payload } = await triage({ input: { ids: ids.slice(start, start + MOST_IDS), ...marks } });
      isDone = payload !== null;
    }
    after();
    return isDone;
  }

  /** Make leads of mentions. Those that have one keep it. */
  async function makeLeads(mentions: MentionRow[]) {
    const made: string[] = [];
    for (const { id } of mentions.filter(({ lead }) => !lead)) {
      const { payload } = await createLead({ input: { mentionId: id } });
      if (!payload?.lead) break;
      if (payload.created) made.push(payload.lead.id);
    }
    after();
    if (made.length === 0) return;
    const undo = async () => {
      for (const id of made) await deleteLead({ input: { id } });
      after();
    };
    toast(made.length === 1 ? "A lead is made." : `${format.number(made.length)} leads are made.`, { undo });
  }

  return { mark, makeLeads, isMaking };
}
