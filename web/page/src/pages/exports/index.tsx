import { useRef, useState } from "react";
import { useSearch } from "wouter";
import { addUpdates, forgetList } from "../../api/client.ts";
import { useMutation, usePages } from "../../api/hooks.ts";
import { useLive } from "../../api/live.ts";
import { format, useTimes, words } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { useShortcut } from "../../ui/shortcuts.ts";
import { type Column, Table } from "../../ui/Table.tsx";
import "../../ui/forms.css";
import { ExportForm } from "./ExportForm.tsx";
import { graphql } from "./gql/index.ts";
import type { ExportsListQuery } from "./gql/graphql.ts";

const LIST = graphql(`
  query ExportsList($first: Int!, $after: String) {
    exports(first: $first, after: $after) {
      totalCount
      nodes {
        id
        entity
        format
        status
        columns
        rowsCount
        rowsTotal
        sizeBytes
        error
        createdAt
        expiresAt
        url
      }
      pageInfo {
        hasNextPage
        endCursor
        changesAfter
      }
    }
  }
`);

const CHANGED = graphql(`
  subscription ExportsChanged($after: String) {
    exportChanged(after: $after) {
      cursor
      changes {
        kind
        exportId
        export {
          id
          status
          rowsCount
          rowsTotal
          sizeBytes
          error
          expiresAt
          url
        }
      }
    }
  }
`);

const CANCEL = graphql(`
  mutation ExportsCancel($input: CancelExportInput!) {
    cancelExport(input: $input) {
      export {
        id
        status
        expiresAt
        url
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

addUpdates({ Mutation: { createExport: (_result, _args, cache) => forgetList(cache, "exports") } });

const PROGRESS_SECONDS = 2;

type Export = NonNullable<ExportsListQuery["exports"]>["nodes"][number];

/** The page at /exports. A query with `list` opens the form with the filters of that list. */
export default function Exports() {
  const search = useSearch();
  const list = usePages(LIST, { first: 50 }, (data) => data.exports);
  const [isOpen, setOpen] = useState(() => new URLSearchParams(search).has("list"));
  const known = useRef(new Set<string>());
  known.current = new Set(list.data?.exports?.nodes.map(({ id }) => id));
  const changesAfter = list.data?.exports?.pageInfo.changesAfter;
  useLive(CHANGED, { after: changesAfter ?? null }, {
    onEvent({ exportChanged }) {
      const isOther = ({ kind, exportId }: { kind: string; exportId: string }) =>
        kind === "DELETED" || !known.current.has(exportId);
      if (exportChanged?.changes.some(isOther)) list.refresh();
    },
    poll: list.poll,
    pause: changesAfter === undefined,
  });
  // Events tell of each status. The rows of an export that runs are polled.
  const isRunning = list.data?.exports?.nodes.some(({ status }) => status === "QUEUED" || status === "RUNNING");
  usePolling(list.poll, isRunning ? PROGRESS_SECONDS : undefined);
  useShortcut("n", "Create an export", () => setOpen(true));

  return (
    <>
      <div className="heading">
        <h1>Exports</h1>
        <button type="button" className="primary" onClick={() => setOpen(true)}>
          New export
        </button>
      </div>
      <Answer of={list}>
        {({ exports }) =>
          exports &&
          (exports.nodes.length === 0 ? (
            <Empty title="You have no exports yet.">
              <p>An export writes a whole list to a file.</p>
            </Empty>
          ) : (
            <ExportTable exports={exports.nodes}>
              <More more={list.more} shown={exports.nodes.length} total={exports.totalCount} />
            </ExportTable>
          ))
        }
      </Answer>
      {isOpen && <ExportForm search={search} onClose={() => setOpen(false)} created={list.restart} />}
    </>
  );
}

const TONES: Record<string, string> = { SUCCEEDED: "good", FAILED: "bad", RUNNING: "warn", QUEUED: "warn" };
const bytes = new Intl.NumberFormat(undefined, { style: "unit", unit: "byte", notation: "compact", unitDisplay: "narrow" });

function isExpired({ status, url, expiresAt }: Export): boolean {
  return status === "SUCCEEDED" && (url === null || (expiresAt !== null && Date.parse(expiresAt) <= Date.now()));
}

function ExportTable({ exports, children }: { exports: readonly Export[]; children: React.ReactNode }) {
  const times = useTimes();
  const box = useRowKeys<HTMLDivElement>();
  const [cancel, isCancelling] = useMutation(CANCEL);
  const columns: Column<Export>[] = [
    {
      title: "List",
      sortBy: ({ entity }) => entity,
      cell: ({ entity, format: kind, columns: names }) => (
        <div className="wide">
          {words(entity)}
          <div className="note" title={names.join(", ")}>
            {kind === "CSV" ? "CSV" : "JSON Lines"} · {names.length} columns
          </div>
        </div>
      ),
    },
    {
      title: "Status",
      sortBy: ({ status }) => status,
      cell: (each) => {
        const expired = isExpired(each);
        return (
          <>
            <span className={`badge ${expired ? "muted" : (TONES[each.status] ?? "muted")}`}>
              {expired ? "Expired" : words(each.status)}
            </span>
            {each.error && <div className="note">{each.error}</div>}
          </>
        );
      },
    },
    { title: "Rows", isNumber: true, sortBy: ({ rowsCount }) => rowsCount, cell: (each) => <Progress of={each} /> },
    {
      title: "Size",
      isNumber: true,
      sortBy: ({ sizeBytes }) => sizeBytes,
      cell: ({ sizeBytes }) => bytes.format(sizeBytes),
    },
    {
      title: "Created",
      sortBy: ({ createdAt }) => createdAt,
      cell: ({ createdAt }) => <time dateTime={createdAt}>{times.moment(createdAt)}</time>,
    },
    {
      title: "Kept until",
      cell: ({ expiresAt }) => (expiresAt ? <time dateTime={expiresAt}>{times.date(expiresAt)}</time> : "–"),
    },
    {
      title: "Actions",
      cell: (each) => {
        const name = `${words(each.entity)} of ${times.moment(each.createdAt)}`;
        if (each.url && !isExpired(each)) {
          return (
            <a href={each.url} download aria-label={`Download ${name}`}>
              Download
            </a>
          );
        }
        if (each.status !== "QUEUED" && each.status !== "RUNNING") return null;
        return (
          <button
            type="button"
            className="small"
            aria-label={`Cancel ${name}`}
            disabled={isCancelling}
            onClick={() => void cancel({ input: { id: each.id } }, { done: "The export is cancelled." })}
          >
            Cancel
          </button>
        );
      },
    },
  ];
  return (
    <div ref={box} className="card bare">
      <Table caption="Exports" columns={columns} rows={exports} keyOf={({ id }) => id} />
      {children}
    </div>
  );
}

function Progress({ of: { status, rowsCount, rowsTotal } }: { of: Export }) {
  if (status !== "RUNNING" || rowsTotal === null) return format.number(rowsCount);
  return (
    <>
      <progress value={rowsCount} max={Math.max(rowsTotal, 1)} aria-label="Progress" />
      <div>
        {format.number(rowsCount)} of {format.number(rowsTotal)}
      </div>
    </>
  );
}
