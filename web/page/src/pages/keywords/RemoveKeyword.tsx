import { useMutation } from "../../api/hooks.ts";
import { format } from "../../format.ts";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";
import type { Keyword } from "./index.tsx";

const DELETE = graphql(`
  mutation KeywordsDelete($input: DeleteKeywordInput!) {
    deleteKeyword(input: $input) {
      deletedKeywordId
      userErrors {
        code
        message
        path
      }
    }
  }
`);

/** Says what a deletion takes along, and then deletes. */
export function RemoveKeyword(props: { keyword: Keyword; onClose: () => void; removed: () => void }) {
  const { keyword, onClose, removed } = props;
  const [remove] = useMutation(DELETE);

  async function submit() {
    const done = `${keyword.keyword} is deleted.`;
    const outcome = await remove({ input: { id: keyword.id } }, { showsErrors: true, done });
    if (outcome.payload) removed();
    return outcome;
  }

  return (
    <FormDialog title={`Delete ${keyword.keyword}?`} action="Delete" isDangerous onClose={onClose} submit={submit}>
      <p>
        This deletes {counted(keyword.mentionsCount, "mention")} and {counted(keyword.leadsCount, "lead")} with their
        history. They no longer count in any figure, past windows included. It cannot be undone.
      </p>
      {keyword.status !== "ARCHIVED" && <p>To keep them, archive the keyword instead.</p>}
    </FormDialog>
  );
}

const counted = (number: number, noun: string) => `${format.number(number)} ${noun}${number === 1 ? "" : "s"}`;
