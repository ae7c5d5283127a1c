import { Link } from "wouter";
import { format, words } from "../../format.ts";
import { Age } from "../../ui/Age.tsx";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";

const LEAD = graphql(`
  fragment DashboardLead on Lead {
    id
    status
    score
    createdAt
    contactName
    company
    mention {
      id
      title
      content
    }
    keyword {
      id
      keyword
    }
  }
`);

const LONGEST = 120;

export function Recent({ of }: { of: readonly FragmentType<typeof LEAD>[] }) {
  if (of.length === 0) return <p className="note">There are no leads yet. Make one of a mention in the inbox.</p>;
  return (
    <ul className="plain-list">
      {of.map((masked) => {
        const { id, status, score, createdAt, contactName, company, mention, keyword } = unmasked(LEAD, masked);
        const title = mention.title || mention.content;
        return (
          <li key={id}>
            <Link href={`/leads/${id}`}>{title.length > LONGEST ? `${title.slice(0, LONGEST)} …` : title}</Link>
            <div className="row note">
              <span className="badge">{words(status)}</span>
              <span>{keyword.keyword}</span>
              {(contactName || company) && <span>{[contactName, company].filter(Boolean).join(", ")}</span>}
              {score != null && <span>Score {format.number(score)}</span>}
              <Age of={createdAt} />
            </div>
          </li>
        );
      })}
    </ul>
  );
}
