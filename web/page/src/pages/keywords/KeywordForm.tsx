import { useMutation } from "../../api/hooks.ts";
import { PLATFORMS, someOf } from "../../filters.ts";
import { words } from "../../format.ts";
import { ChecksField, errorAt, linesOf, SelectField, TextArea, TextField, textOf } from "../../ui/fields.tsx";
import { FormDialog, type Sent } from "../../ui/FormDialog.tsx";
import { toast } from "../../ui/toasts.ts";
import { graphql } from "./gql/index.ts";
import type { Keyword } from "./index.tsx";

const CREATE = graphql(`
  mutation KeywordsCreate($input: CreateKeywordInput!) {
    createKeyword(input: $input) {
      keyword {
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

const UPDATE = graphql(`
  mutation KeywordsUpdate($input: UpdateKeywordInput!) {
    updateKeyword(input: $input) {
      keyword {
        id
        keyword
        matchType
        requiredTerms
        excludedTerms
        platforms
        autoLeadScore
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

const MATCHES = [
  ["PHRASE", "Phrase: the words in this order"],
  ["ALL_WORDS", "All words, in any order"],
  ["ANY_WORD", "Any of the words"],
] as const;
const FIELDS = ["keyword", "matchType", "requiredTerms", "excludedTerms", "platforms", "autoLeadScore"] as const;
const platforms = someOf(PLATFORMS);

function valuesOf(form: FormData) {
  const score = textOf(form, "autoLeadScore");
  return {
    keyword: textOf(form, "keyword"),
    matchType: textOf(form, "matchType") as (typeof MATCHES)[number][0],
    requiredTerms: linesOf(form, "requiredTerms"),
    excludedTerms: linesOf(form, "excludedTerms"),
    platforms: platforms.read(form.getAll("platforms").map(String)) ?? [],
    autoLeadScore: score === "" ? null : Number(score),
  };
}

type Values = ReturnType<typeof valuesOf>;

/** Return the fields that differ, with the values of the first argument. */
function differing(values: Partial<Values>, others: Partial<Values>): Partial<Values> {
  const names = FIELDS.filter((name) => JSON.stringify(values[name]) !== JSON.stringify(others[name]));
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** The form of a new keyword, or of an existing one. It sends the changed fields only. */
export function KeywordForm(props: { keyword?: Keyword; onClose: () => void; saved: () => void }) {
  const { keyword, onClose, saved } = props;
  const [create] = useMutation(CREATE);
  const [update] = useMutation(UPDATE);

  async function submit(form: FormData): Promise<Sent<unknown>> {
    const values = valuesOf(form);
    if (!keyword) {
      const made = await create({ input: values }, { showsErrors: true });
      if (made.payload) {
        toast(`${values.keyword.trim()} is created.`);
        saved();
      }
      return made;
    }
    const { id } = keyword;
    const before = Object.fromEntries(FIELDS.map((name) => [name, keyword[name]])) as Values;
    const undo = async () => {
      const input = { id, ...differing(before, values) };
      if ((await update({ input }, { done: `${before.keyword} is as before.` })).payload) saved();
    };
    const done = `${values.keyword.trim()} is changed.`;
    const input = { id, ...differing(values, before) };
    const changed = await update({ input }, { showsErrors: true, done, undo });
    if (changed.payload) saved();
    return changed;
  }

  return (
    <FormDialog
      title={keyword ? `Edit ${keyword.keyword}` : "New keyword"}
      action={keyword ? "Save" : "Create"}
      shown={FIELDS}
      onClose={onClose}
      submit={submit}
    >
      {(userErrors) => (
        <>
          <TextField
            label="Keyword"
            name="keyword"
            defaultValue={keyword?.keyword}
            hint="Words to watch for, in any case and script."
            error={errorAt(userErrors, "keyword")}
          />
          <SelectField
            label="Match"
            name="matchType"
            defaultValue={keyword?.matchType}
            options={MATCHES}
            error={errorAt(userErrors, "matchType")}
          />
          <TextArea
            label="Required terms"
            name="requiredTerms"
            rows={2}
            defaultValue={keyword?.requiredTerms.join("\n")}
            hint="One per line. A post must contain all of them, too."
            error={errorAt(userErrors, "requiredTerms")}
          />
          <TextArea
            label="Excluded terms"
            name="excludedTerms"
            rows={2}
            defaultValue={keyword?.excludedTerms.join("\n")}
            hint="One per line. A post must contain none of them."
            error={errorAt(userErrors, "excludedTerms")}
          />
          <ChecksField
            label="Platforms"
            name="platforms"
            options={PLATFORMS.map((platform) => [platform, words(platform)] as const)}
            chosen={keyword?.platforms ?? []}
            hint="Without a choice, all platforms."
            error={errorAt(userErrors, "platforms")}
          />
          <TextField
            label="Least score of automatic leads"
            name="autoLeadScore"
            type="number"
            defaultValue={keyword?.autoLeadScore ?? ""}
            hint="0 to 100. If it is empty, mentions do not become leads by themselves."
            error={errorAt(userErrors, "autoLeadScore")}
          />
        </>
      )}
    </FormDialog>
  );
}
