import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { status } from "./api/status.ts";
import { useStore } from "./api/store.ts";
import { Boundary } from "./ui/Boundary.tsx";
import { Account } from "./session/Account.tsx";
import { undoLast } from "./ui/toasts.ts";
import { ShortcutsDialog } from "./ui/ShortcutsDialog.tsx";
import { useShortcut } from "./ui/shortcuts.ts";
import { StatusBar } from "./ui/StatusBar.tsx";
import { useSideways } from "./ui/sideways.ts";

const PAGES = [
  ["/", "Dashboard", "g d"],
  ["/inbox", "Inbox", "g i"],
  ["/leads", "Leads", "g l"],
  ["/keywords", "Keywords", "g k"],
  ["/integrations", "Integrations", "g n"],
  ["/exports", "Exports", "g e"],
  ["/settings", "Settings", "g s"],
] as const;

const isWithin = (location: string, path: string) =>
  path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);

/** The frame of all pages: navigation, connection, shortcuts and messages. */
export function Shell({ children }: { children: ReactNode }) {
  const [location, navigate] = useLocation();
  const main = useRef<HTMLElement>(null);
  const title = PAGES.find(([path]) => isWithin(location, path))?.[1] ?? "Leadgraph";
  const isFirst = useRef(true);
  const sideways = useSideways<HTMLElement>(title);

  useEffect(() => {
    document.title = `${title} · Leadgraph`;
    // A reader of the screen begins at the new page, as after the load of a document.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title]);
  useShortcut("z", "Undo the last change", undoLast, "Everywhere");
  const { isSignedOut } = useStore(status);

  return (
    <div className={isSignedOut ? "shell covered" : "shell"}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          Leadgraph
        </Link>
        <nav aria-label="Pages" ref={sideways}>
          {PAGES.map(([path, name, keys]) => (
            <NavLink key={path} path={path} name={name} keys={keys} current={isWithin(location, path)} go={navigate} />
          ))}
          <a href="/graphql">GraphiQL</a>
        </nav>
        <LiveMark />
        <Account />
      </header>
      <StatusBar />
      <main id="main" ref={main} tabIndex={-1}>
        <Boundary key={title}>{children}</Boundary>
      </main>
      <ShortcutsDialog />
    </div>
  );
}

function NavLink(props: { path: string; name: string; keys: string; current: boolean; go: (path: string) => void }) {
  const { path, name, keys, current, go } = props;
  useShortcut(keys, `Go to ${name.toLowerCase()}`, () => go(path), "Everywhere");
  return (
    <Link href={path} aria-current={current ? "page" : undefined}>
      {name}
    </Link>
  );
}

const LIVE = {
  idle: "",
  connecting: "Connecting …",
  on: "Live",
  off: "Updated every 30 s",
};

/** Tells how the page learns of changes. */
function LiveMark() {
  const { live } = useStore(status);
  return (
    <span className={`live ${live}`} role="status" aria-label="Changes">
      {LIVE[live]}
    </span>
  );
}
