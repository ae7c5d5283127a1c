import { lazy, Suspense, useEffect } from "react";
import { Provider } from "urql";
import { Route, Switch } from "wouter";
import { client } from "./api/client.ts";
import { useQuery } from "./api/hooks.ts";
import { status } from "./api/status.ts";
import { useStore } from "./api/store.ts";
import { graphql } from "./gql/index.ts";
import { SignIn } from "./session/SignIn.tsx";
import { showUser } from "./session/tabs.ts";
import { ViewerContext } from "./session/viewer.ts";
import { Shell } from "./Shell.tsx";
import { Empty, ErrorState, Loading } from "./ui/Answer.tsx";
import { StatusBar } from "./ui/StatusBar.tsx";
import { Toasts } from "./ui/Toasts.tsx";

const VIEWER = graphql(`
  query Viewer {
    viewer {
      id
      name
      email
      role
      timeZone
    }
  }
`);

// A path ends in its own segments, which the page reads by its own routes.
const PAGES = [
  ["/inbox", lazy(() => import("./pages/inbox/index.tsx"))],
  ["/leads", lazy(() => import("./pages/leads/index.tsx"))],
  ["/keywords", lazy(() => import("./pages/keywords/index.tsx"))],
  ["/integrations", lazy(() => import("./pages/integrations/index.tsx"))],
  ["/exports", lazy(() => import("./pages/exports/index.tsx"))],
  ["/settings", lazy(() => import("./pages/settings/index.tsx"))],
] as const;
const Dashboard = lazy(() => import("./pages/dashboard/index.tsx"));

export function App() {
  return (
    <Provider value={client}>
      <SignedIn />
      <Toasts />
    </Provider>
  );
}

/** The page of the viewer. It stays as it is, and out of sight, while the session has ended. */
function SignedIn() {
  const { data, error, refresh } = useQuery(VIEWER, {});
  const { isSignedOut } = useStore(status);
  const viewer = data?.viewer;
  const viewerId = viewer?.id;
  useEffect(() => {
    if (viewerId) showUser(viewerId);
  }, [viewerId]);
  return (
    <>
      {viewer ? (
        <ViewerContext value={viewer}>
          <Shell>
            <Suspense fallback={<Loading />}>
              <Pages />
            </Suspense>
          </Shell>
        </ViewerContext>
      ) : (
        <main className="alone">
          <StatusBar />
          {error ? <ErrorState error={error} retry={refresh} /> : <Loading />}
        </main>
      )}
      {isSignedOut && <SignIn viewerId={viewerId} />}
    </>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={Dashboard} />
      {PAGES.map(([path, Page]) => (
        <Route key={path} path={path} nest>
          <Page />
        </Route>
      ))}
      <Route>
        <Empty title="This page does not exist." />
      </Route>
    </Switch>
  );
}
