import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useRoute, useSearch } from "wouter";
import { mentionFilters } from "../../filters.ts";
import { format } from "../../format.ts";
import { idIn } from "../../links.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { More } from "../../ui/More.tsx";
import { useShortcut } from "../../ui/shortcuts.ts";
import { DismissDialog } from "./DismissDialog.tsx";
import { Filters, Views } from "./Filters.tsx";
import { searchedTerms } from "./Marked.tsx";
import { type MentionRow, useMention, useMentions, type Values } from "./mentions.ts";
import { Pane } from "./Pane.tsx";
import { Row, rowId } from "./Row.tsx";
import { useSelection } from "./selection.ts";
import { useTriage } from "./triage.ts";
import "./inbox.css";

const DEFAULT = mentionFilters.write({ dismissed: false });
const NEAR_TOP = 40;

/** The page at /inbox, with the open mention at /inbox/ID. */
export default function Inbox() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const [isOpen, parameters] = useRoute("/:id");
  const current = isOpen ? idIn(parameters.id) : null;
  const isBare = search === "" && current === null;
  useEffect(() => {
    if (isBare) navigate(DEFAULT, { replace: true });
  }, [isBare, navigate]);
  return isBare ? null : <Triage values={mentionFilters.read(search)} current={current} />;
}

function Triage({ values, current }: { values: Values; current: string | null }) {
  const [, navigate] = useLocation();
  const list = useRef<HTMLDivElement>(null);
  const query = mentionFilters.write(values);
  const isAtTop = () => (list.current?.scrollTop ?? 0) < NEAR_TOP && scrollY < NEAR_TOP;
  const { state, all, rows, waiting, show, counts } = useMentions(values, current, isAtTop);
  const { mark, makeLeads, isMaking } = useTriage(counts.recount);
  const selection = useSelection(rows);
  const toFocus = useRef<string | null>(null);
  const [dismissing, setDismissing] = useState<MentionRow[] | null>(null);
  const listed = current === null ? undefined : all.find(({ id }) => id === current);
  const terms = useMemo(() => searchedTerms(values.search), [values.search]);
  const hrefOf = (id: string) => `/${encodeURIComponent(id)}${query}`;
  const open = useMention(current ?? "", current === null ? NO_MENTION : listed);
  const openMention = current === null ? undefined : open.mention;
  const place = rows.findIndex(({ id }) => id === current);
  const targets = selection.chosen.length > 0 ? selection.chosen : openMention ? [openMention] : [];

  function goTo(next: MentionRow | undefined) {
    if (!next) return;
    navigate(hrefOf(next.id), { replace: current !== null });
    toFocus.current = next.id;
  }
  useEffect(() => {
    // A dialog that closes returns the focus to a row that may have left the list.
    const row = toFocus.current !== null && document.getElementById(rowId(toFocus.current));
    toFocus.current = null;
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }, [current, dismissing]);
  function step(by: 1 | -1, extends_ = false) {
    const next = place < 0 ? rows[0] : rows[place + by];
    if (extends_ && place >= 0) selection.add([rows[place], next]);
    goTo(next);
    if (by > 0 && place >= rows.length - 5) state.more?.();
  }
  function toggle(name: "read" | "starred", isSet: (mention: MentionRow) => boolean, on: string, off: string) {
    const value = !targets.every(isSet);
    const those = targets.filter((each) => isSet(each) !== value);
    if (those.length > 0) void mark(those, { [name]: value }, value ? on : off);
  }
  const toggleRead = () => toggle("read", ({ readAt }) => readAt !== null, "marked as read", "marked as unread");
  const toggleStar = () => toggle("starred", ({ starredAt }) => starredAt !== null, "starred", "no longer starred");
  function markUnread() {
    const those = targets.filter(({ readAt }) => readAt);
    if (those.length > 0) void mark(those, { read: false }, "marked as unread");
  }
  function dismiss() {
    const those = targets.filter(({ dismissedAt }) => !dismissedAt);
    if (those.length > 0) return setDismissing(those);
    if (targets.length === 0) return;
    leave(targets);
    void mark(targets, { dismissed: false }, "restored");
  }
  /** Open the next mention in place of one that leaves the list. */
  function leave(leaving: MentionRow[]) {
    selection.clear();
    if (values.dismissed === undefined || place < 0 || !leaving.some(({ id }) => id === current)) return;
    const stays = (row: MentionRow | undefined) => row && !leaving.some(({ id }) => id === row.id);
    const next = rows.slice(place).find(stays) ?? rows.slice(0, place).findLast(stays);
    if (next) goTo(next);
    else navigate(query || DEFAULT, { replace: true });
  }
  const lead = () => void makeLeads(targets);

  useShortcut("j", "Open the next mention", () => step(1));
  useShortcut("k", "Open the previous mention", () => step(-1));
  useShortcut("J", "Select, and open the next mention", () => step(1, true));
  useShortcut("K", "Select, and open the previous mention", () => step(-1, true));
  useShortcut("x", "Select or unselect the mention", () => openMention && selection.toggle(openMention.id));
  useShortcut("a", "Select all shown mentions, or none", selection.toggleAll);
  useShortcut("r", "Mark as read or unread", toggleRead);
  useShortcut("u", "Mark as unread", markUnread);
  useShortcut("s", "Star or unstar", toggleStar);
  useShortcut("d", "Dismiss with a reason, or restore", dismiss);
  useShortcut("l", "Make a lead", lead);
  useShortcut("n", "Show new mentions", () => waiting > 0 && showNew());
  useShortcut("o", "Open the original", () => document.querySelector<HTMLElement>(".reading a[target]")?.click());
  useShortcut("Escape", "Clear the selection, or close the mention", () => {
    if (selection.chosen.length > 0) selection.clear();
    else if (current !== null) navigate(query || DEFAULT);
  });

  function showNew() {
    show();
    list.current?.scrollTo({ top: 0 });
    scrollTo({ top: 0 });
  }
  const buttons = (
    <Buttons targets={targets} read={toggleRead} star={toggleStar} dismiss={dismiss} lead={lead} isMaking={isMaking} />
  );

  return (
    <div className={current === null ? "inbox" : "inbox opened"}>
      <header className="row">
        <h1>Inbox</h1>
        <p className="note" role="status" aria-label="Number of mentions">
          {counts.shown !== undefined && `${format.number(counts.shown)} mentions`}
          {counts.unread !== undefined && ` · ${format.number(counts.unread)} unread`}
        </p>
        <Views values={values} />
      </header>
      <Filters values={values} change={(next) => navigate(mentionFilters.write(next) || DEFAULT, { replace: true })} />
      <div className="panes">
        <div className="list" ref={list}>
          {waiting > 0 && (
            <button type="button" className="primary pill" onClick={showNew}>
              {waiting === 1 ? "1 new mention" : `${format.number(waiting)} new mentions`}
            </button>
          )}
          {selection.chosen.length > 0 && (
            <div className="row selected" role="toolbar" aria-label="Actions for the selection">
              <strong>{format.number(selection.chosen.length)} selected</strong>
              {buttons}
              <button type="button" onClick={selection.clear}>
                Clear
              </button>
            </div>
          )}
          <Answer of={state}>
            {(data) =>
              data.mentions &&
              (rows.length === 0 ? (
                <Empty title="No mentions here.">
                  <p>Other filters or another view may have some. New mentions appear by themselves.</p>
                </Empty>
              ) : (
                <>
                  <ul aria-label="Mentions">
                    {rows.map((mention) => (
                      <Row
                        key={mention.id}
                        mention={mention}
                        href={hrefOf(mention.id)}
                        isOpen={mention.id === current}
                        isSelected={selection.has(mention.id)}
                        select={selection.select}
                      />
                    ))}
                  </ul>
                  <More more={state.more} shown={rows.length} total={counts.shown} />
                </>
              ))
            }
          </Answer>
        </div>
        <div className="pane">
          {current === null ? (
            <Empty title="Open a mention to read it.">
              <p>
                <kbd>j</kbd> opens the next one, <kbd>?</kbd> lists all keys.
              </p>
            </Empty>
          ) : openMention ? (
            <Pane
              mention={openMention}
              terms={terms}
              back={query || DEFAULT}
              onRead={(mention) => void mark([mention], { read: true })}
            >
              {selection.chosen.length === 0 && buttons}
            </Pane>
          ) : (
            <Answer of={open.state}>
              {(data) => (data.mention === null ? <Empty title="This mention does not exist." /> : null)}
            </Answer>
          )}
        </div>
      </div>
      {dismissing && (
        <DismissDialog
          count={dismissing.length}
          onClose={() => setDismissing(null)}
          onChoose={(dismissReason) => {
            setDismissing(null);
            leave(dismissing);
            void mark(dismissing, { dismissed: true, dismissReason }, "dismissed");
          }}
        />
      )}
    </div>
  );
}

/** Stands for "nothing is open", so that nothing is read. */
const NO_MENTION = {} as MentionRow;

function Buttons(props: {
  targets: MentionRow[];
  read: () => void;
  star: () => void;
  dismiss: () => void;
  lead: () => void;
  isMaking: boolean;
}) {
  const { targets, read, star, dismiss, lead, isMaking } = props;
  const every = (isSet: (mention: MentionRow) => unknown) => targets.every(isSet);
  return (
    <>
      <button type="button" onClick={read}>
        {every(({ readAt }) => readAt) ? "Mark as unread" : "Mark as read"}
      </button>
      <button type="button" onClick={star}>
        {every(({ starredAt }) => starredAt) ? "Unstar" : "Star"}
      </button>
      <button type="button" onClick={dismiss}>
        {every(({ dismissedAt }) => dismissedAt) ? "Restore" : "Dismiss"}
      </button>
      <button type="button" className="primary" onClick={lead} disabled={isMaking || every((each) => each.lead)}>
        {targets.length > 1 ? "Make leads" : "Make a lead"}
      </button>
    </>
  );
}
