// The list of mentions: pages of the API, new mentions as they come, and marks that others set.
import { useEffectEvent, useMemo, useRef, useState } from "react";
import { stringifyVariables } from "urql";
import { addUpdates } from "../../api/client.ts";
import { useLive } from "../../api/live.ts";
import { usePages, useQuery } from "../../api/hooks.ts";
import { mentionFilterOf, type mentionFilters, mentionOrderOf } from "../../filters.ts";
import type { InboxMentionFragment } from "./gql/graphql.ts";
import { graphql, unmasked } from "./gql/index.ts";

const PAGE = 50;
/** The API shows at most 100 objects by their IDs. */
const MOST_FOLLOWED = 100;
const COUNT_PAUSE = 250;

export type MentionRow = InboxMentionFragment;
export type Values = ReturnType<typeof mentionFilters.read>;

export const MENTION = graphql(`
  fragment InboxMention on Mention {
    id
    platform
    url
    title
    content
    author
    language
    likes
    comments
    publishedAt
    createdAt
    readAt
    starredAt
    dismissedAt
    dismissReason
    keyword {
      id
      keyword
      matchType
    }
    analysis {
      status
      sentiment
      intent
      relevance
      relevanceScore
      relevanceReason
      topics
      summary
    }
    lead {
      id
      status
    }
  }
`);

const LIST = graphql(`
  query InboxList($first: Int!, $after: String, $filter: MentionFilter!, $order: MentionOrder!) {
    mentions(first: $first, after: $after, filter: $filter, orderBy: $order) {
      nodes {
        ...InboxMention
      }
      pageInfo {
        hasNextPage
        endCursor
        changesAfter
      }
    }
  }
`);

const COUNTS = graphql(`
  query InboxCounts($filter: MentionFilter!, $unread: MentionFilter!) {
    shown: mentionStats(filter: $filter) {
      count
    }
    unread: mentionStats(filter: $unread) {
      count
    }
  }
`);

const ADDED = graphql(`
  subscription InboxAdded($after: String, $filter: MentionFilter!) {
    mentionAdded(after: $after, filter: $filter) {
      cursor
      mentions {
        ...InboxMention
      }
    }
  }
`);

const MARKS = graphql(`
  query InboxMarks($ids: [ID!]!) @live {
    nodes(ids: $ids) {
      id
      ... on Mention {
        readAt
        starredAt
        dismissedAt
        dismissReason
        lead {
          id
          status
        }
      }
    }
  }
`);

const ONE = graphql(`
  query InboxOne($id: ID!) {
    mention(id: $id) {
      ...InboxMention
    }
  }
`);

// New mentions come first in the lists that have the same filter and begin with the newest.
addUpdates({
  Subscription: {
    mentionAdded(result, { filter }, cache) {
      const { mentions = [] } = (result["mentionAdded"] ?? {}) as { mentions?: { __typename: string; id: string }[] };
      const added = mentions.map((each) => cache.keyOfEntity(each) ?? "").reverse();
      for (const { fieldName, fieldKey, arguments: args } of cache.inspectFields("Query")) {
        const isFirst = fieldName === "mentions" && !args?.["after"] && args?.["orderBy"] === "NEWEST";
        // The cache knows the arguments of lists with sorted keys.
        if (!isFirst || stringifyVariables(args?.["filter"]) !== stringifyVariables(filter)) continue;
        const list = cache.resolve("Query", fieldKey) as string | null;
        const known = (list && (cache.resolve(list, "nodes") as string[] | null)) || [];
        if (list) cache.link(list, "nodes", [...added.filter((key) => !known.includes(key)), ...known]);
      }
    },
  },
});

/** Whether the list still shows a mention after its marks have changed. Read mentions stay where they are. */
function staysIn({ dismissed }: Values, { dismissedAt }: MentionRow): boolean {
  return dismissed === undefined || dismissed === (dismissedAt !== null);
}

/**
 * Read the mentions that match the filters. New ones appear at once while `isAtTop` returns true, and otherwise wait
 * until `show` is called. `current` is the open mention: marks of the mentions around it are followed.
 */
export function useMentions(values: Values, current: string | null, isAtTop: () => boolean) {
  const [filter, order] = [mentionFilterOf(values), mentionOrderOf(values)];
  const key = JSON.stringify([filter, order]);
  const state = usePages(LIST, { first: PAGE, filter, order }, (data) => data.mentions);
  const [held, setHeld] = useState({ key, ids: new Set<string>() });
  const waiting = held.key === key ? held.ids : new Set<string>();
  const nodes = state.data?.mentions?.nodes;
  const all = useMemo(() => [...unmasked(MENTION, nodes ?? [])], [nodes]);
  const rows = all.filter((row) => !(order === "NEWEST" && waiting.has(row.id)) && staysIn(values, row));
  const counts = useCounts(filter);

  useLive(
    ADDED,
    { after: state.data?.mentions?.pageInfo.changesAfter ?? null, filter },
    {
      pause: state.data === undefined,
      poll: state.poll,
      onEvent({ mentionAdded }) {
        const ids = unmasked(MENTION, mentionAdded?.mentions ?? []).map(({ id }) => id);
        if (order !== "NEWEST" || !isAtTop()) setHeld({ key, ids: new Set([...waiting, ...ids]) });
        counts.recount();
      },
    },
  );
  const followed = followedOf(rows, current);
  useLive(MARKS, { ids: followed }, { pause: followed.length === 0, poll: () => {}, onEvent: counts.recount });

  function show() {
    setHeld({ key, ids: new Set() });
    if (order !== "NEWEST") state.refresh();
  }
  return { state, all, rows, waiting: waiting.size, show, counts };
}

/** Return the IDs of mentions around the current one. They change only from time to time, as each change costs a request. */
function followedOf(rows: MentionRow[], current: string | null): string[] {
  const place = Math.max(0, rows.findIndex(({ id }) => id === current));
  const start = Math.max(0, Math.floor((place - PAGE / 2) / PAGE) * PAGE);
  return rows.slice(start, start + MOST_FOLLOWED).map(({ id }) => id);
}

/** Read the numbers of all and of unread mentions. */
function useCounts(filter: ReturnType<typeof mentionFilterOf>) {
  const unread = { ...filter, read: false };
  const { data, refresh } = useQuery(COUNTS, { filter, unread });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const read = useEffectEvent(() => refresh());
  function recount() {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => read(), COUNT_PAUSE);
  }
  const isUnread = filter.read !== true;
  return { shown: data?.shown?.count, unread: isUnread ? data?.unread?.count : 0, recount };
}

/** Read a mention that the list does not have, such as that of a link. */
export function useMention(id: string, known: MentionRow | undefined) {
  const state = useQuery(ONE, { id }, { pause: known !== undefined });
  const found = state.data?.mention ? (unmasked(MENTION, state.data.mention)) : undefined;
  return { state, mention: known ?? (found?.id === id ? found : undefined) };
}
