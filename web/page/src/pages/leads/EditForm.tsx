import { type FormEvent, useState } from "react";
import { type UserError, useMutation } from "../../api/hooks.ts";
import { errorAt, FormErrors, SelectField, TextArea, TextField } from "../../ui/fields.tsx";
import { useChoices } from "./Filters.tsx";
import type { LeadsOneFragment } from "./gql/graphql.ts";
import { graphql } from "./gql/index.ts";
import type { LeadCard } from "./leads.ts";

const UPDATE = graphql(`
  mutation LeadsUpdate($input: UpdateLeadInput!) {
    updateLead(input: $input) {
      lead {
        ...LeadsOne
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const FIELDS = [
  "contactName",
  "contactHandle",
  "contactEmail",
  "company",
  "value",
  "currency",
  "tags",
  "assigneeId",
  "notes",
] as const;
type Values = Record<(typeof FIELDS)[number], string>;

function valuesOf(lead: LeadsOneFragment, card: LeadCard): Values {
  return {
    contactName: card.contactName ?? "",
    contactHandle: lead.contactHandle ?? "",
    contactEmail: lead.contactEmail ?? "",
    company: card.company ?? "",
    value: card.expectedValue?.amount ?? "",
    currency: card.expectedValue?.currency ?? "",
    tags: card.tags.join(", "),
    assigneeId: card.assignee?.id ?? "",
    notes: lead.notes,
  };
}

/** Return the input that changes some fields to these values. An empty field is cleared. */
function inputOf(values: Values, names: readonly (keyof Values)[]): Record<string, unknown> {
  const entries = names.map((name) => {
    const value = values[name].trim();
    if (name === "tags") return [name, value.split(",").map((tag) => tag.trim()).filter(Boolean)];
    if (name === "notes") return [name, value];
    return [name, value || null];
  });
  return Object.fromEntries(entries);
}

/** The data of a lead. Changes by others do not overwrite what is being typed: the API then refuses the older version. */
export function EditForm({ lead, card, refresh }: { lead: LeadsOneFragment; card: LeadCard; refresh: () => void }) {
  const [update, isSaving] = useMutation(UPDATE);
  const { people } = useChoices();
  const newest = { version: lead.version, values: valuesOf(lead, card) };
  const [base, setBase] = useState(newest);
  const [isDirty, setDirty] = useState(false);
  const [round, setRound] = useState(0);
  const [errors, setErrors] = useState<UserError[]>([]);
  const isOutdated = base.version !== newest.version;
  if (!isDirty && isOutdated) {
    setBase(newest);
    setRound(round + 1);
  }

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const values = Object.fromEntries(FIELDS.map((name) => [name, String(form.get(name) ?? "")])) as Values;
    const changed = FIELDS.filter((name) => values[name].trim() !== base.values[name]);
    // An amount and its currency belong together.
    const names = changed.some((name) => name === "value" || name === "currency")
      ? [...new Set([...changed, "value", "currency"] as const)]
      : changed;
    if (names.length === 0) return setDirty(false);
    const undo = async () => {
      await update({ input: { id: lead.id, ...inputOf(base.values, names) } });
      refresh();
    };
    const { userErrors } = await update(
      { input: { id: lead.id, expectedVersion: base.version, ...inputOf(values, names) } },
      { showsErrors: true, done: "The lead is saved.", undo },
    );
    setErrors(userErrors);
    if (userErrors.length > 0) return;
    setDirty(false);
    refresh();
  }
  function discard() {
    setDirty(false);
    setErrors([]);
    setBase(newest);
    setRound(round + 1);
  }

  const text = (name: keyof Values) => ({ name, defaultValue: base.values[name], error: errorAt(errors, name) });
  const { id: assigneeId, name, email } = card.assignee ?? {};
  const known = assigneeId && !people.some(([id]) => id === assigneeId) ? [[assigneeId, name || email || "User"] as const] : [];
  return (
    <form key={round} onSubmit={(event) => void save(event)} onChange={() => setDirty(true)} aria-label="Data of the lead">
      <h2>Data</h2>
      {isDirty && isOutdated && (
        <p className="note" role="status">
          Someone else has changed the lead meanwhile. Discard your changes to see theirs.
        </p>
      )}
      <FormErrors userErrors={errors} shown={FIELDS} />
      <div className="pairs">
        <TextField label="Contact" {...text("contactName")} autoComplete="off" />
        <TextField label="Company" {...text("company")} autoComplete="off" />
        <TextField label="E-mail address" {...text("contactEmail")} autoComplete="off" />
        <TextField label="Handle" {...text("contactHandle")} autoComplete="off" />
        <TextField label="Value" {...text("value")} inputMode="decimal" autoComplete="off" />
        <TextField label="Currency" {...text("currency")} placeholder="EUR" maxLength={3} autoComplete="off" />
      </div>
      <TextField label="Tags" hint="Separated by commas." {...text("tags")} autoComplete="off" />
      <SelectField label="Assignee" {...text("assigneeId")} options={[["", "Unassigned"], ...people, ...known]} />
      <TextArea label="Notes" {...text("notes")} rows={5} />
      <div className="row">
        <button type="submit" className="primary" disabled={isSaving || !isDirty}>
          {isSaving ? "Saving …" : "Save"}
        </button>
        {isDirty && (
          <button type="button" onClick={discard}>
            Discard
          </button>
        )}
      </div>
    </form>
  );
}
