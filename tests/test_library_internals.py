"""The private and undocumented parts of libraries that the project uses.

A test here fails when a new release of a library changes such a part. Its message names the code to adapt.
"""

import asyncio
import inspect
import pkgutil
import re
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
import strawberry
import uvicorn
from graphql import GraphQLObjectType, GraphQLSchema, parse, specified_rules
from graphql.execution import Executor
from graphql.type import scalars
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from throttled import MemoryStore, per_duration
from throttled.asyncio import RedisStore
from throttled.rate_limiter.gcra import GCRARateLimiter
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http import httptools_impl

from breadth.strawberry_field import _BASIC, _MADE, DEFINITION, _closed_over
from db.engine.pool import Pool


@strawberry.type
class Thing:
    size: int = 1

    @strawberry.field
    def twice(self) -> int:
        return 2 * self.size

    @strawberry.field
    async def later(self) -> int:
        return self.size


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing:
        return Thing(size=len(info._raw_info.field_nodes))


SCHEMA = strawberry.Schema(Query)


def test_info_of_strawberry_keeps_the_info_of_graphql_core() -> None:
    answer = SCHEMA.execute_sync("{ thing { size } thing { twice } }")
    assert answer.data == {"thing": {"size": 2, "twice": 4}}, (
        "Strawberry's Info no longer has `_raw_info.field_nodes`: adapt schema/reference_batching.py and "
        f"bench/executor.py. {answer.errors}"
    )


def test_strawberry_validates_documents_in_a_function() -> None:
    """Its rules are graphql-core's and a few of its own."""
    schema = SCHEMA._schema
    found = [
        [error.message for error in validate_document(schema, parse(text), tuple(specified_rules))]
        for text in ("{ thing { size } }", "{ nothing }")
    ]
    assert found == [[], ["Cannot query field 'nothing' on type 'Query'. Did you mean 'thing'?"]], (
        "Strawberry's `validate_document` takes other arguments or validates otherwise: adapt "
        "schema/prepared/cache.py."
    )


def test_strawberry_names_its_executor_class() -> None:
    assert issubclass(SCHEMA.execution_context_class, Executor), (
        "Strawberry's Schema no longer keeps its executor in `execution_context_class`: adapt schema/graph.py."
    )


def test_strawberry_processes_errors_in_a_private_method() -> None:
    method = getattr(strawberry.Schema, "_process_errors", None)
    assert method is not None, (
        "Strawberry's Schema no longer has `_process_errors`: adapt breadth/extension.py."
    )
    assert list(inspect.signature(method).parameters) == ["self", "errors", "execution_context"], (
        "Strawberry's `Schema._process_errors` takes other arguments: adapt breadth/extension.py."
    )


def test_strawberry_tells_whether_an_extension_wraps_resolvers() -> None:
    class Wraps(SchemaExtension):
        def resolve(self, *_: Any, **__: Any) -> Any:
            raise NotImplementedError

    assert [each._implements_resolve() for each in (Wraps, SchemaExtension)] == [True, False], (
        "Strawberry's `SchemaExtension._implements_resolve` no longer tells whether an extension overrides "
        "`resolve`: adapt breadth/extension.py."
    )


def test_strawberry_and_graphql_core_schemas_refer_to_each_other() -> None:
    inner = getattr(SCHEMA, "_schema", None)
    assert isinstance(inner, GraphQLSchema), (
        "Strawberry's Schema no longer keeps the schema of graphql-core in `_schema`: adapt breadth/extension.py "
        "and schema/graph.py."
    )
    assert inner.extensions.get(DEFINITION) is SCHEMA, (
        f"The schema of graphql-core no longer has Strawberry's as the extension {DEFINITION!r}: adapt "
        "breadth/strawberry_field.py."
    )


def test_strawberry_makes_resolvers_of_known_names() -> None:
    type_ = cast("GraphQLObjectType", SCHEMA._schema.type_map["Thing"])
    resolvers: list[Any] = [type_.fields[name].resolve for name in ("size", "twice", "later")]
    names = [resolver.__qualname__ for resolver in resolvers]
    assert (names[0], set(names)) == (_BASIC, _MADE), (
        "Strawberry's generated resolvers have other names: adapt breadth/strawberry_field.py. Until then breadth "
        "calls every resolver object by object."
    )
    assert all("field_exception_handlers" in resolver.__code__.co_freevars for resolver in resolvers[1:]), (
        "Strawberry's generated resolvers no longer close over `field_exception_handlers`: adapt `metadata_of` in "
        "breadth/strawberry_field.py."
    )
    assert not _closed_over(resolvers[1], "field_exception_handlers")


# Name, first parameters or members, and the module of the project that relies on them.
GRAPHQL_CORE = [
    (
        "execution.collect_fields:collect_fields",
        "schema fragments variable_values runtime_type operation",
        "plan",
    ),
    (
        "execution.collect_fields:collect_subfields",
        "schema fragments variable_values operation return_type field_details_list",
        "plan",
    ),
    ("execution.collect_fields:FieldDetails", "node", "plan"),
    ("execution.collect_fields:FragmentDetails", "definition", "plan"),
    ("execution.collect_fields:CollectedFields", "grouped_field_set", "plan"),
    ("execution.values:VariableValues", "sources coerced", "variables"),
    ("execution.values:VariableValueSource", "signature value", "variables"),
    ("execution.get_variable_signature:get_variable_signature", "schema var_def_node", "variables"),
    ("execution.get_variable_signature:GraphQLVariableSignature", "name type default", "variables"),
    (
        "execution:Executor",
        (
            "schema fragment_definitions fragments root_value context_value operation variable_values "
            "field_resolver type_resolver subscribe_field_resolver"
        ),
        "request",
    ),
    ("execution:Executor.build_resolve_info", "self field_def field_nodes parent_type path", "request"),
    (
        "execution:Executor.ensure_valid_runtime_type",
        "self runtime_type_name return_type field_details_list info result",
        "completion",
    ),
    ("execution:Executor.complete_leaf_value", "return_type result", "leaf_serialization"),
    ("execution.incremental:IncrementalExecutor", "", "execute"),
    ("execution.executor_throwing_on_incremental:ExecutorThrowingOnIncremental", "", "subscription"),
    ("execution:Executor.build_per_event_executor", "self payload", "subscription"),
    ("execution:create_source_event_stream", "executor", "subscription"),
    ("execution.execute:execute_subscription_event", "executor", "subscription"),
    ("execution.execute:assume_not_awaitable", "_value", "awaitability"),
    ("execution.execute:assume_not_async_iterable", "_value", "awaitability"),
    ("pyutils.is_awaitable:is_awaitable", "value", "awaitability"),
    ("pyutils.is_awaitable:is_async_iterable", "value", "awaitability"),
    ("utilities.coerce_input_value:coerce_default_value", "input_value", "coercion"),
    ("utilities.coerce_input_value:coerce_input_value", "input_value type_", "coercion"),
]


@pytest.mark.parametrize(("name", "parameters", "module"), GRAPHQL_CORE, ids=lambda value: value)
def test_graphql_core_has_the_undocumented_names_that_breadth_uses(
    name: str, parameters: str, module: str
) -> None:
    found = None
    with suppress(ImportError, AttributeError):
        found = pkgutil.resolve_name(f"graphql.{name}")
    assert found is not None, f"graphql-core no longer has graphql.{name}: adapt breadth/{module}.py."
    expected = parameters.split()
    assert list(inspect.signature(found).parameters)[: len(expected)] == expected, (
        f"graphql-core's graphql.{name} takes other arguments: adapt breadth/{module}.py."
    )


@pytest.mark.parametrize("kind", ["string", "id", "int", "float", "boolean"])
def test_graphql_core_serializes_its_scalars_by_known_functions(kind: str) -> None:
    scalar = next(each for name, each in scalars.specified_scalar_types.items() if name.lower() == kind)
    assert scalar.coerce_output_value is getattr(scalars, f"serialize_{kind}", None), (
        f"graphql-core's {scalar} is serialized by another function than `serialize_{kind}`: adapt "
        "breadth/leaf_serialization.py. Until then breadth serializes value by value."
    )


async def test_asyncpg_tells_whether_a_statement_is_being_cancelled(pool: Pool) -> None:
    async with pool.acquire() as connection:
        protocol: Any = getattr(connection, "_protocol", None)
        assert all(hasattr(protocol, name) for name in ("_is_cancelling", "_wait_for_cancellation")), (
            "asyncpg's connection no longer has `_protocol._is_cancelling` and `_wait_for_cancellation`: adapt "
            "`_end_snapshot` in db/engine/pool.py."
        )
        running = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.wait([running])
        cancelling = protocol._is_cancelling()
        await protocol._wait_for_cancellation()
        assert (running.cancelled(), cancelling, protocol._is_cancelling()) == (True, True, False), (
            "asyncpg cancels statements in another way: adapt `_end_snapshot` in db/engine/pool.py."
        )
        assert await connection.fetchval("SELECT 1") == 1


async def test_asyncpgs_pool_takes_its_connections_by_one_method(pool: Pool) -> None:
    """`db.engine.pool.Pool` overrides `_acquire`, which has no public hook for all ways to take a connection."""
    taken: list[object] = []

    class Watched(Pool):
        async def _acquire(self, timeout: float | None) -> Any:
            taken.append(timeout)
            return await super()._acquire(timeout)

    pool.__class__ = Watched
    await pool.fetchval("SELECT 1")
    await pool.execute("SELECT 1")
    async with pool.acquire(timeout=3):
        pass
    await pool.release(await pool.acquire())
    assert taken == [None, None, 3, None], (
        "asyncpg's pool no longer uses `_acquire`: adapt db/engine/pool.py."
    )


async def test_asyncpg_knows_the_type_of_its_pooled_connections(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert isinstance(connection, asyncpg.pool.PoolConnectionProxy), (
            "asyncpg's pool hands out another kind of connection: adapt the types in db/engine/pool.py."
        )


def test_asyncpg_does_nothing_else_when_a_connection_without_listeners_is_released() -> None:
    used = re.findall(r"self\.(\w+)", inspect.getsource(cast("Any", asyncpg.Connection)._on_release))
    assert used == [
        "_pool_release_ctr",
        "_check_listeners",
        "_listeners",
        "_check_listeners",
        "_log_listeners",
    ], "asyncpg's `Connection._on_release` does more: adapt `take_back` in db/engine/lending.py."


def test_uvicorn_does_nothing_else_when_a_response_is_complete() -> None:
    done = re.findall(
        r"self\.(\w+)", inspect.getsource(httptools_impl.HttpToolsProtocol.on_response_complete)
    )
    assert done == [
        "server_state",
        "transport",
        "_unset_keepalive_if_required",
        "flow",
        "pipeline",
        "pipeline",
        "_start_asgi_task",
        "timeout_keep_alive_task",
        "loop",
        "timeout_keep_alive",
        "timeout_keep_alive_handler",
    ], (
        "uvicorn does more when a response is complete: adapt `on_response_complete` in server/http/connection.py."
    )


async def test_asyncpgs_pool_keeps_its_connections_in_a_list_and_tells_them_their_holder(pool: Pool) -> None:
    """`db.engine.lending` takes a free connection without the detours of `asyncio.Queue.get_nowait`."""
    queue: Any = cast("Any", pool)._queue
    free = list(queue._queue)
    assert free
    holder = queue._get()
    assert (len(queue._queue), holder in queue._queue, holder in free) == (len(free) - 1, False, True)
    queue.put_nowait(holder)
    async with pool.acquire() as connection:
        proxy: Any = connection
        assert proxy._con._pool_holder() is proxy._holder, "asyncpg's connection no longer knows its holder."
    assert re.findall(r"self\.(_\w+)", inspect.getsource(asyncio.Queue.get_nowait)) == [
        "_get",
        "_wakeup_next",
        "_putters",
    ], "asyncio's queue does more: adapt `_borrowed` in db/engine/lending.py."


async def test_uvicorn_captures_signals_in_a_method_that_servers_can_override() -> None:
    captured: list[str] = []

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            captured.append("asked")
            return super().capture_signals()

        async def _serve(self, *_: Any, **__: Any) -> None:
            captured.append("served")

    async def application(_scope: Any, _receive: Any, _send: Any) -> None:
        raise NotImplementedError

    await Server(uvicorn.Config(application)).serve()
    assert captured == ["asked", "served"], (
        "uvicorn's Server no longer captures signals by its `capture_signals`: adapt server/runtime/serving.py."
    )


def test_uvicorn_keeps_signals_and_tasks_where_the_drain_finds_them() -> None:
    server = uvicorn.Server(uvicorn.Config("no:app"))
    assert (server._captured_signals, server.server_state.tasks) == ([], set()), (
        "uvicorn's Server no longer keeps `_captured_signals` or its tasks as expected: adapt server/serving.py."
    )
    assert list(inspect.signature(server.on_tick).parameters) == ["counter"], (
        "uvicorn's `Server.on_tick` takes other arguments: adapt server/serving.py."
    )
    assert "self.keep_alive" in inspect.getsource(httptools_impl.RequestResponseCycle.send), (
        "uvicorn's answers no longer depend on `keep_alive`: adapt `close_after_answer` in server/http/connection.py."
    )


def test_uvicorn_reads_only_headers_of_proxies_that_begin_with_x_forwarded() -> None:
    called = inspect.getsource(ProxyHeadersMiddleware.__call__)
    names = set(re.findall(r'name == b"([^"]+)"', called))
    assert (names, called.count('scope["headers"]')) == ({"x-forwarded-proto", "x-forwarded-for"}, 1), (
        "uvicorn's middleware reads other headers: adapt `_behind_proxy_headers` in server/http/connection.py."
    )


def test_uvicorns_connections_have_the_parts_that_ours_use() -> None:
    """tests/server/http/test_connection.py tests what they do."""
    names = inspect.getsource(httptools_impl)
    used = (
        "_unset_keepalive_if_required",
        "response_started",
        "response_complete",
        "more_body",
        "message_event",
    )
    assert [
        name for name in (*used, "disconnected", "pipeline", "flow") if f"self.{name}" not in names
    ] == [], "uvicorn's HttpToolsProtocol has changed: adapt server/http/connection.py."
    starts = inspect.signature(httptools_impl.HttpToolsProtocol._start_asgi_task)
    assert list(starts.parameters) == ["self", "cycle", "app"], (
        "uvicorn starts requests by another method: adapt `_start_asgi_task` in server/http/connection.py."
    )


def test_a_bucket_of_throttled_takes_negative_costs() -> None:
    bucket = GCRARateLimiter(per_duration(timedelta(seconds=60), 60_000), MemoryStore())
    bucket.limit("key", 50_000)
    bucket.limit("key", -40_000)
    assert 50_000 <= bucket.peek("key").remaining <= 50_100, (
        "A bucket of throttled-py no longer takes points back: adapt `_give_back` in services/accounts/rate_limit.py."
    )
    store = RedisStore()
    client = object()
    store._backend._client = client  # type: ignore[assignment]
    assert store._backend.get_client() is client, (
        "throttled-py's stores no longer keep their client there: adapt `_shared` in services/accounts/rate_limit.py."
    )


def test_python_names_the_interpreter_outside_of_the_environment() -> None:
    outer = getattr(sys, "_base_executable", None)
    assert outer is not None, "Python no longer has `sys._base_executable`: adapt `pip` in web/node.py."
    assert Path(outer).exists()
    assert Path(outer).parent != Path(sys.executable).parent


def test_the_exporter_of_opentelemetry_sends_bytes_through_its_client() -> None:
    exporter = OTLPSpanExporter(endpoint="http://127.0.0.1:9/v1/traces")
    parameters = list(inspect.signature(exporter._client.export).parameters)
    assert parameters == ["data"], (
        "OTLPSpanExporter no longer has `_client.export(data)`: adapt `_Exporter` of server/runtime/tracing.py."
    )
    exporter.shutdown()  # type: ignore[no-untyped-call]
