import { useState } from "react";
import { useMutation } from "../../api/hooks.ts";
import { dayOf, endOfDay, startOfDay } from "../../days.ts";
import { leadFilterOf, leadFilters, mentionFilterOf, mentionFilters, PLATFORMS, STATUSES } from "../../filters.ts";
import { useTimes, words } from "../../format.ts";
import { ChecksField, errorAt, SelectField, TextField, textOf } from "../../ui/fields.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { FIELDS } from "./fields.ts";
import { graphql } from "./gql/index.ts";
import type { CreateExportInput, ExportListInput } from "./gql/graphql.ts";

const CREATE = graphql(`
  mutation ExportsCreate($input: CreateExportInput!) {
    createExport(input: $input) {
      export {
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

type List = keyof typeof FIELDS;
const LISTS = [
  ["leads", "Leads"],
  ["mentions", "Mentions"],
  ["keywords", "Keywords"],
  ["integrations", "Integrations"],
  ["integrationLogs", "Runs of integrations"],
] as const satisfies readonly (readonly [List, string])[];
const STATUSES_OF: Record<List, readonly string[]> = {
  leads: STATUSES,
  mentions: [],
  keywords: ["ACTIVE", "PAUSED", "ARCHIVED"],
  integrations: ["PENDING", "ACTIVE", "PAUSED", "ERROR", "DISCONNECTED"],
  integrationLogs: ["STARTED", "SUCCEEDED", "PARTIAL", "FAILED", "SKIPPED", "RATE_LIMITED"],
};
const FORMATS = [
  ["CSV", "CSV, for spreadsheets"],
  ["JSON_LINES", "JSON Lines, for programs"],
] as const;
const ORDERS = [
  ["NEWEST", "Newest first"],
  ["OLDEST", "Oldest first"],
] as const;
/** The filters that the form shows. Further ones come from the address. */
const SHOWN = ["list", "search", "status", "platform", "createdFrom", "createdTo", "order"];

/** The form of a new export. The query of the address gives its first values, as links from lists do. */
export function ExportForm(props: { search: string; onClose: () => void; created: () => void }) {
  const given = new URLSearchParams(props.search);
  const [list, setList] = useState<List>(LISTS.find(([each]) => each === given.get("list"))?.[0] ?? "leads");
  const { timeZone } = useTimes();
  const [create] = useMutation(CREATE);
  const further = [...new Set(given.keys())].filter((name) => !SHOWN.includes(name));
  const hasText = list === "leads" || list === "mentions";

  async function submit(form: FormData) {
    const input = inputOf(list, form, given, timeZone);
    const outcome = await create({ input }, { showsErrors: true, done: "The export is queued." });
    if (outcome.payload) props.created();
    return outcome;
  }

  const { createdFrom, createdTo } = mentionFilters.read(given);
  return (
    <FormDialog title="New export" action="Export" shown={["list"]} onClose={props.onClose} submit={submit}>
      {(userErrors) => (
        <>
          <SelectField
            label="List"
            name="list"
            value={list}
            options={LISTS}
            error={errorAt(userErrors, "list")}
            onChange={({ target }) => setList(target.value as List)}
          />
          <SelectField label="Format" name="format" options={FORMATS} />
          <SelectField label="Order" name="order" options={ORDERS} defaultValue={given.get("order") ?? "NEWEST"} />
          {hasText && <TextField label="Search" name="search" type="search" defaultValue={given.get("search") ?? ""} />}
          {STATUSES_OF[list].length > 0 && (
            <ChecksField
              key={list}
              label="Status"
              name="status"
              options={STATUSES_OF[list].map((status) => [status, words(status)] as const)}
              chosen={given.getAll("status")}
              hint="Without a choice, all."
            />
          )}
          {hasText && (
            <ChecksField
              label="Platform"
              name="platform"
              options={PLATFORMS.map((platform) => [platform, words(platform)] as const)}
              chosen={given.getAll("platform")}
              hint="Without a choice, all."
            />
          )}
          <TextField label="Created from" name="from" type="date" defaultValue={createdFrom && dayOf(createdFrom, timeZone)} />
          <TextField label="Created until the end of" name="to" type="date" defaultValue={createdTo && dayOf(createdTo, timeZone, true)} />
          {further.length > 0 && <p className="note">Further filters of the list apply: {further.join(", ")}.</p>}
          <ChecksField
            key={`columns of ${list}`}
            label="Columns"
            name="fields"
            options={FIELDS[list].map((field) => [field, words(field)] as const)}
            hint="Without a choice, all columns of the list itself."
          />
        </>
      )}
    </FormDialog>
  );
}

function inputOf(list: List, form: FormData, given: URLSearchParams, timeZone: string): CreateExportInput {
  const [from, to] = [textOf(form, "from"), textOf(form, "to")];
  const created = {
    ...(from && { createdFrom: startOfDay(from, timeZone) }),
    ...(to && { createdTo: endOfDay(to, timeZone) }),
  };
  const chosen = new URLSearchParams(given);
  for (const name of SHOWN) chosen.delete(name);
  for (const name of ["search", "status", "platform"]) {
    for (const value of form.getAll(name)) chosen.append(name, String(value));
  }
  const fields = FIELDS[list].filter((field) => form.getAll("fields").includes(field));
  const status = chosen.getAll("status");
  const plain = {
    ...(status.length > 0 && { status: { in: status } }),
    ...(from || to
      ? { createdAt: { ...(from && { gte: created.createdFrom }), ...(to && { lt: created.createdTo }) } }
      : {}),
  };
  const filter =
    list === "leads"
      ? leadFilterOf({ ...leadFilters.read(chosen), ...created })
      : list === "mentions"
        ? mentionFilterOf({ ...mentionFilters.read(chosen), ...created })
        : plain;
  const rows = { filter, orderBy: textOf(form, "order"), ...(fields.length > 0 && { fields }) };
  const isCsv = textOf(form, "format") === "CSV";
  return {
    list: { [list]: rows } as ExportListInput,
    format: isCsv ? "CSV" : "JSON_LINES",
    // Excel recognises UTF-8 by the mark.
    ...(isCsv && { byteOrderMark: true }),
  };
}
