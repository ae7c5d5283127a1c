"""The description of the schema, which GraphiQL shows at the root of the documentation."""

from typing import Final

DESCRIPTION: Final = """\
Leadgraph finds **keywords** in posts on the web. A post that contains a keyword becomes a **mention**, and a promising mention becomes a **lead**. **Integrations** bring mentions in and take leads out.

**Entities.** A `User` owns objects of the types `Keyword` and `Integration`. A `Mention` belongs to a keyword, a `Lead` to a mention, and an `IntegrationLog` to an integration. Members see only their own objects; operators see the objects of all users. IDs are global: `Query.node` finds any object by its ID. `Query.dashboard` has the figures of a range.

**Authentication.** Send the header `Authorization: Bearer <API key>`. A page in a browser signs in by `Mutation.signIn` and uses the cookie of its session. An API key has scopes, and a field names the scope that it requires. `Query.viewer` is the user of the request.

**Paging.** A list is a connection: `first` is the size of a page, and `after` takes `pageInfo.endCursor` of the page before. `nodes` are the objects of the page, and `totalCount` counts the whole list. Filters and orders are arguments of the list.

**Writes.** A mutation takes one `input`. Its payload lists problems that the user can fix in `userErrors`, and nothing was written then. A call with an `idempotencyKey` may be repeated. Any other problem is in `errors`, with a code in `extensions.code` and the ID of the request in `extensions.requestId`.

**Live data.** Subscriptions and queries with `@live` need a WebSocket (`graphql-transport-ws`) or an event stream (`Accept: text/event-stream`).

**Guides.** The folder `docs/guides` of the source code has a guide for each kind of client: `front-end.md`, `sign-in.md`, `dashboard.md`, `partners.md`, `writes.md`, `live.md`, `changes.md`, `webhooks.md`, `ingest.md`, `import.md`, `export.md` and `curl.md`. `docs/architecture.md` lists the error codes, and `schema-policy.md` states how this schema changes."""
