"""The ASGI application: routes, middleware and lifespan."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool
from db.engine.probe import Probe
from resolvers.framework.context import Context
from schema.graph import Graph, build
from schema.prepared.guard import GuardMode
from server.exports.download import DownloadEndpoint
from server.graphiql import page
from server.graphiql.tabs import EXAMPLES
from server.http import protocol, schema_file
from server.http.admission import Admission, AdmissionLimits
from server.http.auth import Authenticator
from server.http.conditional import Condition
from server.http.cors import Cors
from server.http.documents import Documents
from server.http.endpoint import REQUEST_SECONDS, GraphQLEndpoint
from server.http.errors import failed
from server.http.known_hosts import KnownHosts
from server.http.safe_headers import SafeHeaders
from server.http.schema_access import SchemaAccess
from server.http.schema_file import SchemaFile
from server.http.session_auth import SessionAuthenticator
from server.ingest.endpoint import IngestEndpoint
from server.live.limits import LiveLimits
from server.live.runs import Runs
from server.live.serving import live
from server.live.websocket import WebSocketEndpoint
from server.metrics.endpoint import LOCAL_ONLY, MetricsAccess, metrics_route
from server.metrics.metrics import Metrics, WorkerMetrics
from server.page.demo_session import DemoSession
from server.page.page import routes as page_routes
from server.runtime.cache import warming
from server.runtime.observation import Observer
from server.runtime.settings import Introspection
from server.runtime.stopping import Stopping
from server.webhooks.client import send_once
from server.webhooks.rendering import ExecutedRendering
from services.accounts.api_keys import ApiKeys
from services.accounts.data_state import DataStates
from services.accounts.rate_limit import RateLimits
from services.accounts.vault import Vault
from services.browsers.browser_tokens import BrowserTokens
from services.browsers.sessions import Sessions
from services.browsers.sign_in import SignIns
from services.doctor.senders import Senders
from services.export.download_link import LinkSigner
from services.figures.cache import Cached
from services.replicas import Replicas
from services.webhooks.addresses import Fence
from services.webhooks.tools import WebhookTools

PATH = "/graphql"
CLIENT_LEFT = 499
"""The status of a response that no client reads."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Api(Starlette):
    """The application, with a direct way to the GraphQL endpoint if all hosts are allowed."""

    endpoint: GraphQLEndpoint | None = None
    websocket: WebSocketEndpoint | None = None
    cors: Cors | None = None
    graphiql = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.websocket is not None and scope["type"] == "websocket" and scope["path"] == PATH:
            await self.websocket(scope, receive, send)
        elif self.cors is None:
            await self.respond(scope, receive, send)
        else:
            await self.cors(scope, receive, send)

    def respond(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return the awaitable of the application that responds. A coroutine of its own would only wait for that."""
        if (
            self.endpoint is not None
            and scope["type"] == "http"
            and scope["path"] == PATH
            and _has_request(scope)
            and not (self.graphiql and page.is_for(Request(scope)))
        ):
            return self.endpoint(scope, receive, send)
        return super().__call__(scope, receive, send)


def _has_request(scope: Scope) -> bool:
    """Return whether a GraphQL request may stand in the body or in the parameters of the URL."""
    method = scope["method"]
    return method in protocol.BODIES or (method in protocol.READING and b"=" in scope["query_string"])


def _webhook_tools(rendering: ExecutedRendering, *, allow_private: bool) -> WebhookTools:
    fence = Fence(allow_private=allow_private)
    return WebhookTools(fence, rendering, partial(send_once, fence))


def create_app(
    pool: Pool,
    *,
    graph: Graph | None = None,
    authenticator: Authenticator | None = None,
    cached: Cached | None = None,
    vault: Vault | None = None,
    links: LinkSigner | None = None,
    warm: bool = False,
    metrics: Metrics | None = None,
    metrics_access: MetricsAccess | None = LOCAL_ONLY,
    observers: Sequence[Observer] = (),
    demo_key: str | None = None,
    hosts: Sequence[str] = ("*",),
    origins: Sequence[str] = (),
    explain: bool = False,
    guard: GuardMode = "off",
    clock: Callable[[], datetime] | None = None,
    stopping: Stopping | None = None,
    documents: Documents | None = None,
    request_seconds: float = REQUEST_SECONDS,
    admission: Admission | None = None,
    rate_limits: RateLimits | None = None,
    introspection: Introspection = "public",
    graphiql: bool = True,
    has_page: bool = True,
    live_limits: LiveLimits | None = None,
    allow_private_webhooks: bool = False,
    replicas: Replicas | None = None,
) -> Starlette:
    """Return the API over a pool. The caller closes the pool.

    `cached` stores figures, by default in the memory of this process. With `warm`, the application computes the
    figures of active users in the background when it starts.

    GraphiQL shows `demo_key` to every visitor, so a demo must restrict `hosts`: a foreign page could reach a
    loopback server under another host name. Pages of the `origins` may call the API. With `explain`, responses list their SQL statements. The `guard` looks for
    wasteful reads. Without `vault`, integrations cannot store credentials. Without `links`, exports have no links.
    `clock` returns the current time. `metrics_access` says who may read `/metrics`; with None, the route does not exist.
    The `observers` receive each finished request, besides the metrics.
    `documents` knows the documents that requests name by a hash or an ID. `introspection` says who may read the schema, and
    `graphiql` whether browsers get GraphiQL. With `has_page`, browsers get the page at `/`. A demo signs them in there.
    `stopping` ends streams and downloads before the server stops. `request_seconds` limit a GraphQL request.
    `admission` shares the pool between users, by default with the limits of its size.
    Without `rate_limits`, no request is charged. `live_limits` are those of WebSockets and event streams.
    `allow_private_webhooks` is for development only. The `replicas` answer reads while the application runs.
    """
    cached = Cached(pool) if cached is None else cached
    metrics = metrics or Metrics(pool)
    metrics.observe_cache(cached)
    authenticator = authenticator or Authenticator(
        ApiKeys(pool), SessionAuthenticator(Sessions(pool), origins), BrowserTokens(pool)
    )
    admission = admission or Admission(
        AdmissionLimits.of_pool(pool.get_max_size(), wait_seconds=pool.wait_seconds)
    )
    metrics.observe_admission(admission)
    senders, sign_ins = Senders(), SignIns()
    graph = graph or build()
    rendering = ExecutedRendering(lambda: graph, pool, partial(Context, pool, cached=cached))
    metrics.observe_sign_ins(sign_ins.outcomes)
    new_context = partial(
        Context,
        pool,
        cached=cached,
        vault=vault,
        links=links,
        senders=senders,
        sign_ins=sign_ins,
        webhooks=_webhook_tools(rendering, allow_private=allow_private_webhooks),
        replicas=replicas,
    )
    metrics.observe_replicas(replicas)
    access = SchemaAccess(introspection)
    operations = graph.prepared
    observers = (
        metrics.observe,
        lambda seen: senders.note(seen.operation, seen.activity.statements),
        *observers,
    )
    endpoint = GraphQLEndpoint(
        operations,
        authenticator,
        new_context,
        partial(Condition, states=DataStates(pool)),
        admission,
        observers,
        explain=explain,
        guard=guard,
        clock=clock,
        documents=documents,
        request_seconds=request_seconds,
        rate_limits=rate_limits,
        schema_access=access,
    )
    metrics.observe_documents(endpoint.documents)
    stopping = stopping or Stopping()
    served_live = live(
        pool,
        endpoint,
        authenticator,
        partial(Condition, states=DataStates(pool)),
        Runs(new_context, admission, clock, guard, observers),
        observers=observers,
        rate_limits=rate_limits,
        access=access,
        limits=live_limits or LiveLimits(),
        stopping=stopping,
        metrics=metrics.live,
        hosts=hosts,
    )
    ingest = IngestEndpoint(pool, authenticator, admission, stopping, observers, rate_limits)
    download = DownloadEndpoint(
        pool, authenticator, admission, links or LinkSigner(), stopping, observers, rate_limits
    )

    async def graphql(request: Request) -> Response:
        if graphiql and page.is_for(request):
            return page.page(
                endpoint=PATH,
                origin=str(request.base_url).rstrip("/"),
                api_key=None if await _has_session(authenticator, request) else demo_key,
                tabs=EXAMPLES,
            )
        try:
            return await endpoint.respond(request.scope, request.receive)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)

    metrics_routes = [] if metrics_access is None else [metrics_route(metrics, metrics_access)]

    schema = SchemaFile(lambda: graph.sdl).respond
    limited = access.limited(schema, authenticator)
    schema_routes = [] if introspection == "off" else [Route(schema_file.PATH, limited)]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with (
            replicas.running() if replicas else nullcontext(),
            warming(cached, pool) if warm else nullcontext(),
            served_live.running(),
        ):
            yield
        await _close(cached, authenticator, rate_limits)
        sign_ins.close()

    app = Api(
        routes=[
            Route(PATH, graphql, methods=["GET", "POST", "QUERY"]),
            Route("/ingest/mentions", ingest, methods=["POST"]),
            Route("/exports/{id}/download", download, methods=["GET"]),
            *schema_routes,
            Route("/healthz", _alive),
            Route("/readyz", _readiness(Probe(pool), stopping, replicas)),
            *metrics_routes,
            *_home_routes(DemoSession(pool, authenticator, demo_key), has_page=has_page),
            Route(f"{PATH}/", _to_graphql, methods=["GET", "POST", "QUERY"]),
            *([page.assets()] if graphiql else []),
        ],
        middleware=[
            Middleware(SafeHeaders),
            *([] if "*" in hosts else [Middleware(KnownHosts, hosts=hosts)]),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=lifespan,
    )
    app.websocket, app.graphiql = served_live.websocket, graphiql
    app.router.redirect_slashes = False  # the address of its redirects begins with the caller's Host header
    if "*" in hosts:
        app.endpoint = endpoint
    if origins:
        app.cors = Cors(app.respond, origins)
    return app


def _readiness(
    probe: Probe, stopping: Stopping, replicas: Replicas | None
) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that answers `/readyz`."""

    async def ready(request: Request) -> Response:
        """Respond 200 if the database responds, even if it accepts no writes: reads work.

        Respond 503 first when the server stops, so that balancers send no more requests.
        """
        if stopping.drains:
            stops = protocol.UnavailableError("The server stops. Use another one.")
            return protocol.refusal(stops, *protocol.request_id(request))
        try:
            with protocol.asking_database():
                read_only = await probe.is_read_only()
        except (protocol.UnavailableError, protocol.TimedOutError) as unavailable:
            return protocol.refusal(unavailable, *protocol.request_id(request))
        status = "read-only" if read_only else "ready"
        return JSONResponse({"status": status} | ({} if replicas is None else {"replicas": replicas.states}))

    return ready


async def _close(cached: Cached, authenticator: Authenticator, rate_limits: RateLimits | None) -> None:
    await cached.close()
    await authenticator.close()
    if rate_limits is not None:
        await rate_limits.close()


def create_metrics_app(metrics: WorkerMetrics, access: MetricsAccess) -> Starlette:
    """Return the application of a port that serves metrics only."""
    return Starlette(
        routes=[metrics_route(metrics, access)],
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )


async def _refused(request: Request, problem: Exception) -> Response:
    """Respond to a request that Starlette refuses in the error format of the API."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    headers = dict((problem.headers if isinstance(problem, HTTPException) else None) or {})
    allowed = headers.get("Allow", "")
    if status == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "OPTIONS":
        return _options(request, allowed or "GET, HEAD")
    if status == HTTPStatus.NOT_FOUND:
        missing = f"This path does not exist. The API is at {PATH}."
        error: protocol.RequestError = protocol.UnknownPathError(404, missing)
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        wrong = f"This path accepts {allowed}, not {request.method[:20]}."
        error = protocol.RequestError(405, wrong, {"allow": allowed})
    else:
        error = protocol.RequestError(status, f"The request is refused: {HTTPStatus(status).phrase}.")
    return protocol.refusal(error, *protocol.request_id(request))


def _options(request: Request, allowed: str) -> Response:
    """Return the methods of a path, and the media types that it takes as a query."""
    headers = {"allow": f"{allowed}, OPTIONS"} | protocol.request_id(request)[1]
    if "QUERY" in allowed:
        headers["accept-query"] = protocol.ACCEPT_QUERY
    return Response(status_code=204, headers=headers)


async def _failed(request: Request, failure: Exception) -> Response:
    return failed(request, failure)


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


def _home_routes(demo: DemoSession, *, has_page: bool) -> list[BaseRoute]:
    """Return the routes of `/` and of the page. Without the page, `/` leads all clients to the API."""
    return page_routes(demo, otherwise=_to_graphql) if has_page else [Route("/", _to_graphql)]


async def _has_session(authenticator: Authenticator, request: Request) -> bool:
    """Return whether the browser has a session, which GraphiQL then uses. A page does not need the database."""
    try:
        return await authenticator.is_signed_in(request)
    except protocol.RequestError:
        return False


async def _to_graphql(request: Request) -> Response:
    """Redirect to the API by a path, which leads to the same host whatever the request calls it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Response(status_code=307, headers={"location": PATH + query})
