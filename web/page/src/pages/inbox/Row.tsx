import { memo, type MouseEvent } from "react";
import { Link } from "wouter";
import { format, useTimes, words } from "../../format.ts";
import type { MentionRow } from "./mentions.ts";

const EXCERPT = 180;

/** A mention in the list: a checkbox that selects, and a link that opens. */
export const Row = memo(function Row(props: {
  mention: MentionRow;
  href: string;
  isOpen: boolean;
  isSelected: boolean;
  select: (id: string, isRange: boolean) => void;
}) {
  const { mention, href, isOpen, isSelected, select } = props;
  const { moment } = useTimes();
  const title = mention.title || mention.content.slice(0, EXCERPT);

  function onClick(event: MouseEvent) {
    if (!event.shiftKey) return;
    event.preventDefault();
    select(mention.id, true);
  }

  return (
    <li className={`mention${mention.readAt ? "" : " unread"}${mention.dismissedAt ? " dismissed" : ""}`}>
      <input
        type="checkbox"
        aria-label={`Select the mention by ${mention.author || "an unknown author"}`}
        checked={isSelected}
        onChange={() => {}}
        onClick={(event) => select(mention.id, event.shiftKey)}
      />
      <Link href={href} id={rowId(mention.id)} aria-current={isOpen ? "true" : undefined} onClickCapture={onClick}>
        <span className="line">
          {!mention.readAt && <span className="hidden">Unread. </span>}
          <strong>{mention.author || "Unknown author"}</strong>
          <span className="note">{words(mention.platform)}</span>
          <time className="note" dateTime={mention.createdAt} title={moment(mention.createdAt)}>
            {format.age(mention.createdAt)}
          </time>
        </span>
        <span className="title">{title}</span>
        <span className="line">
          <span className="note">{mention.keyword.keyword}</span>
          {mention.analysis?.intent && <span className="badge">{words(mention.analysis.intent)}</span>}
          {mention.lead && <span className="badge">Lead</span>}
          {mention.dismissedAt && <span className="badge">Dismissed</span>}
          {mention.starredAt && (
            <span className="starred">
              <span aria-hidden="true">★</span>
              <span className="hidden">Starred</span>
            </span>
          )}
        </span>
      </Link>
    </li>
  );
});

/** Return the id of the element that opens a mention. */
export const rowId = (id: string) => `mention-${id}`;
