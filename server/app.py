"""The ASGI application, put together from plain values."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool, require_answer
from schema.schema import Schema, build
from server.exports.download import DownloadEndpoint
from server.graphiql import page
from server.graphiql.tabs import EXAMPLES
from server.http import protocol
from server.http.auth import Authenticator
from server.http.endpoint import LARGEST_BODY_BYTES, GraphQLEndpoint
from server.ingest.endpoint import IngestEndpoint
from server.runtime.cache import warming
from server.runtime.metrics import Metrics
from services.accounts.vault import Vault
from services.figures.cache import Cached

PATH = "/graphql"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Api(Starlette):
    """The application; what is posted to the endpoint goes there at once, unless strangers have to be kept out."""

    endpoint: GraphQLEndpoint | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self.endpoint is not None
            and scope["type"] == "http"
            and scope["path"] == PATH
            and scope["method"] == "POST"
        ):
            await self.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    pool: Pool,
    *,
    schema: Schema | None = None,
    authenticator: Authenticator | None = None,
    cached: Cached | None = None,
    vault: Vault | None = None,
    warm: bool = False,
    metrics: Metrics | None = None,
    demo_key: str | None = None,
    hosts: Sequence[str] = ("*",),
    explain: bool = False,
    clock: Callable[[], datetime] | None = None,
) -> Starlette:
    """The API over a pool that its opener closes. Figures are kept in `cached`, else in this process's memory;
    with `warm`, active users' figures are computed in the background when it starts.

    With `demo_key`, whoever opens GraphiQL is given that key; `hosts` then has to keep strangers out, whose
    pages could reach a loopback server under another name. With `explain`, answers list their SQL statements.
    Without a `vault`, integrations cannot be given credentials. `clock` says what time it is, for windows such
    as today.
    """
    endpoint = GraphQLEndpoint(
        schema or build(),
        pool,
        authenticator=authenticator,
        cached=cached,
        vault=vault,
        metrics=metrics,
        explain=explain,
        clock=clock,
    )
    endpoint.metrics.observe_cache(endpoint.cached.statistics)
    ingest = IngestEndpoint(pool, endpoint.authenticator)
    download = DownloadEndpoint(pool, endpoint.authenticator)

    async def graphql(request: Request) -> Response:
        if (
            request.method == "GET"
            and protocol.wants(request, html=True) == "text/html"
            and not request.query_params
        ):
            return page.page(
                endpoint=PATH,
                origin=str(request.base_url).rstrip("/"),
                api_key=demo_key,
                tabs=EXAMPLES,
            )
        return await endpoint.respond(request)

    async def ready(request: Request) -> Response:
        """Whether requests can be answered: the database answers."""
        try:
            with protocol.asking_database():
                await require_answer(pool)
        except protocol.UnavailableError as away:
            return protocol.refusal(away, *protocol.request_id(request))
        return JSONResponse({"status": "ready"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as beside:
            if warm:
                await beside.enter_async_context(warming(endpoint.cached, pool))
            yield
        await endpoint.cached.close()
        await endpoint.authenticator.close()

    app = Api(
        routes=[
            Route(PATH, graphql, methods=["GET", "POST"]),
            # A stream may be of any length: it is never held as a whole.
            Route("/ingest/mentions", ingest, methods=["POST"], max_body_size=sys.maxsize),
            Route("/exports/{id}/download", download, methods=["GET"]),
            Route("/healthz", _alive),
            Route("/readyz", ready),
            Route("/metrics", endpoint.metrics.respond),
            Route("/", _home),
            page.assets(),
        ],
        middleware=[] if "*" in hosts else [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        max_body_size=LARGEST_BODY_BYTES,
        exception_handlers={404: _refused, 405: _refused},
        lifespan=lifespan,
    )
    if "*" in hosts:
        app.endpoint = endpoint
    return app


async def _refused(request: Request, problem: Exception) -> Response:
    """What no route takes, told as everything else is."""
    allowed = ((problem.headers if isinstance(problem, HTTPException) else None) or {}).get("Allow", "")
    said = (
        f"This address takes {allowed}, not {request.method[:20]}."
        if allowed
        else f"There is nothing at this address: the API is at {PATH}."
    )
    refusal = protocol.RequestError(405 if allowed else 404, said, {"allow": allowed} if allowed else None)
    return protocol.refusal(refusal, *protocol.request_id(request))


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _home(_: Request) -> Response:
    return Response(status_code=307, headers={"location": PATH})
