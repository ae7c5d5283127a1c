import { Link, Route, Switch, useLocation } from "wouter";
import { useShortcut } from "../../ui/shortcuts.ts";
import "../../ui/forms.css";
import { Integration } from "./Integration.tsx";
import { Integrations } from "./Integrations.tsx";
import "./integrations.css";
import { Webhook } from "./Webhook.tsx";
import { Webhooks } from "./Webhooks.tsx";

/** The page at /integrations. */
export default function IntegrationsPage() {
  const [location, navigate] = useLocation();
  const isHooks = location.startsWith("/webhooks");
  useShortcut("u", "Go up to the list", () => navigate(isHooks ? "/webhooks" : "/"));
  return (
    <>
      <h1>Integrations</h1>
      <nav className="tabs" aria-label="Kinds of integrations">
        <Link href="/" aria-current={isHooks ? undefined : "page"}>
          Accounts
        </Link>
        <Link href="/webhooks" aria-current={isHooks ? "page" : undefined}>
          Webhooks
        </Link>
      </nav>
      <Switch>
        <Route path="/" component={Integrations} />
        <Route path="/webhooks" component={Webhooks} />
        <Route path="/webhooks/:id">{({ id }) => <Webhook id={decodeURIComponent(id)} />}</Route>
        <Route path="/:id">{({ id }) => <Integration id={decodeURIComponent(id)} />}</Route>
      </Switch>
    </>
  );
}
