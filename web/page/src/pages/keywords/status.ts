import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation } from "../../api/hooks.ts";
import { graphql } from "./gql/index.ts";

const PAUSE = graphql(`
  mutation KeywordsPause($input: PauseKeywordInput!) {
    pauseKeyword(input: $input) {
      keyword {
        id
        status
        updatedAt
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const RESUME = graphql(`
  mutation KeywordsResume($input: ResumeKeywordInput!) {
    resumeKeyword(input: $input) {
      keyword {
        id
        status
        updatedAt
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const ARCHIVE = graphql(`
  mutation KeywordsArchive($input: ArchiveKeywordInput!) {
    archiveKeyword(input: $input) {
      keyword {
        id
        status
        updatedAt
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

// A list may have the status as its filter.
const forget: Parameters<typeof addUpdates>[0]["Mutation"] = Object.fromEntries(
  ["createKeyword", "updateKeyword", "pauseKeyword", "resumeKeyword", "archiveKeyword", "deleteKeyword"].map(
    (name) => [
      name,
      (result, _args, cache) => {
        const payload = result[name] as { userErrors: unknown[] } | null;
        if (payload?.userErrors.length === 0) forgetList(cache, "keywords");
      },
    ],
  ),
);
addUpdates({ Mutation: forget });

interface Changed {
  id: string;
  keyword: string;
  status: string;
}

const DONE: Record<string, string> = { ACTIVE: "is active", PAUSED: "is paused", ARCHIVED: "is archived" };

/** Return a function that changes the status of a keyword, with an undo action that restores the former status. */
export function useStatusChange(changed: () => void) {
  const [pause] = useMutation(PAUSE);
  const [resume] = useMutation(RESUME);
  const [archive] = useMutation(ARCHIVE);

  async function change({ id, keyword, status: from }: Changed, to: string, isUndo = false): Promise<void> {
    const options = {
      done: `${keyword} ${DONE[to]}.`,
      ...(!isUndo && { undo: () => change({ id, keyword, status: to }, from, true) }),
    };
    const input = { id };
    // An archived keyword cannot be paused: it is resumed first.
    if (to === "PAUSED" && from === "ARCHIVED" && !(await resume({ input })).payload) return;
    const run = to === "ACTIVE" ? resume : to === "PAUSED" ? pause : archive;
    if ((await run({ input } as never, options)).payload) changed();
  }
  return change;
}
