// The button that copies a link to the operation, the notice about links, and the choice of a link's operation.
import { pick, ToolbarButton, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";
import { linkTo } from "./links.js";
import { observable } from "./observable.js";

const notice = observable(null);

/** Shows a text with a list of problems, and a link that could not be copied. */
export const tell = (text, { problems = [], link = null } = {}) => notice.set({ text, problems, link });

export function tellOfLink({ isMutation, problems }) {
  const warning = isMutation ? " It contains a mutation: running it changes data." : "";
  tell(`This operation came with a link and has not run.${warning}`, { problems });
}

async function copy(link) {
  try {
    await navigator.clipboard.writeText(link); // The clipboard is missing outside of HTTPS and loopback.
    tell("The link is copied. It carries the operation and its variables, and no headers.");
  } catch {
    tell("The browser does not allow the page to copy. Copy the link here:", { link });
  }
}

export function CopyLink({ endpoint }) {
  const editors = useGraphiQL(pick("queryEditor", "variableEditor", "operationName", "operations"));
  const onClick = () => {
    const { queryEditor, variableEditor, operationName, operations } = editors;
    const [query, variables] = [queryEditor?.getValue(), variableEditor?.getValue()];
    let link;
    try {
      link = linkTo(endpoint, { query, variables, operationName, operations });
    } catch (error) {
      tell(error.message);
      return;
    }
    copy(link);
  };
  return (
    <ToolbarButton onClick={onClick} label="Copy link">
      <svg
        className="graphiql-toolbar-icon"
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d="M9.5 14.5l5-5" />
        <path d="M11 6.5l1.5-1.5a4.6 4.6 0 0 1 6.5 6.5l-1.5 1.5" />
        <path d="M13 17.5l-1.5 1.5a4.6 4.6 0 0 1-6.5-6.5l1.5-1.5" />
      </svg>
    </ToolbarButton>
  );
}

export function Notice() {
  const shown = notice.use();
  if (!shown) return null;
  return (
    <div className="leadgraph-notice" role="status">
      <div>
        <p>{shown.text}</p>
        {shown.problems.length > 0 && (
          <ul>
            {shown.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
        {shown.link && (
          <input
            readOnly
            aria-label="Link to the operation"
            value={shown.link}
            onFocus={({ target }) => target.select()}
          />
        )}
      </div>
      <button type="button" onClick={() => notice.set(null)}>
        Close
      </button>
    </div>
  );
}

/** Chooses the operation of a link once its document has been read. */
export function ChosenOperation({ name }) {
  const operations = useGraphiQL(({ operations: known }) => known);
  const { setOperationName } = useGraphiQLActions();
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current || !operations?.some((operation) => operation.name?.value === name)) return;
    isDone.current = true;
    setOperationName(name);
  }, [operations, name, setOperationName]);
  return null;
}
