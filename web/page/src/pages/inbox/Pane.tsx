import { useEffect, useEffectEvent } from "react";
import { Link } from "wouter";
import { format, useTimes, words } from "../../format.ts";
import { safeAddress } from "../../links.ts";
import { Marked, termsOf } from "./Marked.tsx";
import type { MentionRow } from "./mentions.ts";

const READ_AFTER = 1500;

/** The whole mention, and its analysis. It counts as read after a moment. */
export function Pane({
  mention,
  terms,
  back,
  onRead,
  children,
}: {
  mention: MentionRow;
  terms: readonly string[];
  back: string;
  onRead: (mention: MentionRow) => void;
  children: React.ReactNode;
}) {
  const { moment } = useTimes();
  const { id, author, keyword, analysis, lead } = mention;
  const read = useEffectEvent(() => {
    if (!mention.readAt && !document.hidden) onRead(mention);
  });
  useEffect(() => {
    const timer = setTimeout(() => read(), READ_AFTER);
    return () => clearTimeout(timer);
  }, [id]);
  const marked = [...termsOf(keyword), ...terms];
  const address = safeAddress(mention.url);

  return (
    <article className="card reading" aria-label="Mention">
      <Link href={back} className="back">
        ← Back to the list
      </Link>
      <div className="row actions" role="toolbar" aria-label="Actions">
        {children}
      </div>
      <h2>
        <Marked text={mention.title || `${author || "Unknown author"} on ${words(mention.platform)}`} terms={marked} />
      </h2>
      <p className="note">
        {author || "Unknown author"} · {words(mention.platform)} · {moment(mention.publishedAt ?? mention.createdAt)}
        {typeof mention.likes === "number" && ` · Likes: ${format.number(mention.likes)}`}
        {typeof mention.comments === "number" && ` · Comments: ${format.number(mention.comments)}`}
      </p>
      <p className="text">
        <Marked text={mention.content} terms={marked} />
      </p>
      <p>
        {address ? (
          <a href={address} target="_blank" rel="noopener noreferrer">
            Open the original
          </a>
        ) : (
          <span className="note">The address of the original is not safe to open.</span>
        )}
      </p>
      <p className="row">
        <span className="note">Keyword</span>
        <Link href={`~/keywords/${encodeURIComponent(keyword.id)}`}>{keyword.keyword}</Link>
        {lead && <Link href={`~/leads/${encodeURIComponent(lead.id)}`}>Lead: {words(lead.status)}</Link>}
        {mention.dismissedAt && (
          <span className="badge">
            Dismissed{mention.dismissReason ? `: ${words(mention.dismissReason).toLowerCase()}` : ""}
          </span>
        )}
      </p>
      <Analysis analysis={analysis} />
    </article>
  );
}

function Analysis({ analysis }: { analysis: MentionRow["analysis"] }) {
  if (!analysis || analysis.status !== "SUCCEEDED") return <p className="note">Not analysed.</p>;
  const facts = [
    ["Sentiment", analysis.sentiment && words(analysis.sentiment)],
    ["Intent", analysis.intent && words(analysis.intent)],
    ["Relevance", analysis.relevanceScore !== null && `${analysis.relevanceScore} of 100`],
    ["Reason", analysis.relevanceReason],
    ["Topics", analysis.topics.join(", ")],
    ["Summary", analysis.summary],
  ] as const;
  return (
    <section aria-label="Analysis">
      <h3>Analysis</h3>
      <dl className="facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
