import { createContext, type ReactNode, use, useState } from "react";
import { words } from "../../format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextArea } from "../../ui/fields.tsx";
import type { LeadStatus } from "./gql/graphql.ts";
import { type LeadCard, nameOf, useStatusChange } from "./leads.ts";

type Ask = (lead: LeadCard, status: LeadStatus) => void;
const StatusContext = createContext<Ask>(() => {});

/** Offers changes of the status to the components inside. A disqualification asks for its reason first. */
export function StatusChanges({ after, children }: { after: () => void; children: ReactNode }) {
  const move = useStatusChange(after);
  const [asked, setAsked] = useState<LeadCard | null>(null);
  const ask: Ask = (lead, status) => {
    if (!lead.nextStatuses.includes(status)) return;
    if (status === "DISQUALIFIED") setAsked(lead);
    else void move(lead, status);
  };
  return (
    <StatusContext value={ask}>
      {children}
      {asked && (
        <Dialog title={`Disqualify ${nameOf(asked)}`} onClose={() => setAsked(null)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              setAsked(null);
              void move(asked, "DISQUALIFIED", String(new FormData(event.currentTarget).get("reason")).trim());
            }}
          >
            <TextArea label="Reason" hint="Optional, at most 500 characters." name="reason" maxLength={500} rows={3} />
            <button type="submit" className="primary">
              Disqualify
            </button>
          </form>
        </Dialog>
      )}
    </StatusContext>
  );
}

/** Return the function that changes the status of a lead. */
export const useAskStatus = () => use(StatusContext);

/** A menu with the status of a lead and the allowed next ones. */
export function StatusSelect({ lead }: { lead: LeadCard }) {
  const ask = useAskStatus();
  return (
    <select
      aria-label={`Status of ${nameOf(lead)}`}
      value={lead.status}
      onChange={({ target }) => ask(lead, target.value as LeadStatus)}
    >
      {[lead.status, ...lead.nextStatuses.filter((status) => status !== lead.status)].map((status) => (
        <option key={status} value={status}>
          {words(status)}
        </option>
      ))}
    </select>
  );
}
