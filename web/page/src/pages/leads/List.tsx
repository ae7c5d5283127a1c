import { Link } from "wouter";
import { usePages } from "../../api/hooks.ts";
import { leadFilterOf } from "../../filters.ts";
import { format, useTimes } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { More } from "../../ui/More.tsx";
import { graphql, unmasked } from "./gql/index.ts";
import { CARD, nameOf, totalsOf, useFigures, useLeadEvents, type Values } from "./leads.ts";
import { StatusChanges, StatusSelect } from "./StatusChange.tsx";

const PAGE = 50;

const LIST = graphql(`
  query LeadsList($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {
    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {
      nodes {
        ...LeadsCard
      }
      pageInfo {
        hasNextPage
        endCursor
        changesAfter
      }
    }
  }
`);

/** The leads as rows, in the order of the API. */
export function List({ values, query }: { values: Values; query: string }) {
  const filter = leadFilterOf(values);
  const state = usePages(LIST, { first: PAGE, filter, order: values.order ?? "NEWEST" }, (data) => data.leads);
  const { figures, recount } = useFigures(filter);
  const { date } = useTimes();
  const all = unmasked(CARD, state.data?.leads?.nodes ?? []);
  const gone = useLeadEvents(filter, state.data?.leads?.pageInfo.changesAfter ?? null, {
    pause: state.data === undefined,
    poll: state.poll,
    recount,
    isKnown: (id) => all.some((lead) => lead.id === id),
    onMissing: state.refresh,
  });
  const leads = all.filter(({ id }) => !gone.has(id));

  return (
    <StatusChanges after={recount}>
      <p className="note" role="status" aria-label="Totals">
        {totalsOf(figures)}
      </p>
      <Answer of={state}>
        {(data) =>
          data.leads &&
          (leads.length === 0 ? (
            <Empty title="No leads here.">
              <p>
                <Link href="~/inbox">Make leads in the inbox</Link>, or choose other filters.
              </p>
            </Empty>
          ) : (
            <>
              <div className="table" tabIndex={0} role="region" aria-label="Table of leads">
                <table className="leads-table">
                  <caption className="hidden">Leads</caption>
                  <thead>
                    <tr>
                      <th scope="col">Lead</th>
                      <th scope="col">Status</th>
                      <th scope="col" className="number">Score</th>
                      <th scope="col" className="number">Value</th>
                      <th scope="col">Keyword</th>
                      <th scope="col">Tags</th>
                      <th scope="col">Assignee</th>
                      <th scope="col">Created</th>
                    </tr>
                  </thead>
                  <tbody>
                    {leads.map((lead) => (
                      <tr key={lead.id}>
                        <th scope="row">
                          <Link href={`/${encodeURIComponent(lead.id)}${query}`}>{nameOf(lead)}</Link>
                          {lead.company && lead.company !== nameOf(lead) && <span className="note"> {lead.company}</span>}
                        </th>
                        <td>
                          <StatusSelect lead={lead} />
                        </td>
                        <td className="number">{lead.score ?? "–"}</td>
                        <td className="number">
                          {lead.expectedValue ? format.money(lead.expectedValue.amount, lead.expectedValue.currency) : "–"}
                        </td>
                        <td>{lead.keyword.keyword}</td>
                        <td>{lead.tags.join(", ")}</td>
                        <td>{lead.assignee ? lead.assignee.name || lead.assignee.email : "–"}</td>
                        <td>{date(lead.createdAt)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <More more={state.more} shown={leads.length} total={figures?.count} />
            </>
          ))
        }
      </Answer>
    </StatusChanges>
  );
}
