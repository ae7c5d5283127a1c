"""Strawberry schemas give the same responses with the extension as without it."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.extensions import DisableValidation, MaskErrors, SchemaExtension
from strawberry.types import Info

from breadth import SetResolver, object_codegen
from breadth.execute import plans
from breadth.extension import BreadthExtension, BreadthExtensionSync
from tests.breadth import farm
from tests.breadth.compare import differences, shown
from tests.breadth.documents import UNPROPAGATED, GeneratedDocument, generate

# graphql-core may leave coroutines of discarded fields unawaited.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

STOCK = farm.schema(DisableValidation)
WIDE = farm.schema(DisableValidation, BreadthExtension)


@pytest.fixture(autouse=True)
def _nothing_is_left_to_other_tests() -> Iterator[None]:
    yield
    gc.collect()


async def answered(
    schema: farm.Schema, generated: GeneratedDocument, number: int, text: str = ""
) -> tuple[Any, list[str]]:
    schema.processed.clear()
    context = farm.context(number % 97 + 1)
    arguments = (generated.variables, context, farm.Query(), generated.operation)
    return await schema.execute(text or generated.text, *arguments), context["log"]


async def differing(generated: GeneratedDocument, number: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reference, log = await answered(STOCK, generated, number)
    possible = None
    if reference.errors:
        possible, _ = await answered(STOCK, generated, number, generated.unpropagated)
    found: list[str] = []
    for compiled_from in (1 << 30, 0):
        monkeypatch.setattr(object_codegen, "COMPILE_FROM", compiled_from)
        result, own_log = await answered(WIDE, generated, number)
        found += differences(reference, result, possible)
        if reference.data is not None and log != own_log:
            found.append(f"mutations: {log} and {own_log}")
        if list(map(shown, WIDE.processed)) != list(map(shown, result.errors or ())):
            found.append(f"processed: {WIDE.processed}")
        if type(reference) is not type(result):
            found.append(f"{type(reference)} and {type(result)}")
    return found


def test_random_documents_give_the_same_responses_as_strawberry(
    documents: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run_all() -> None:
        for number in range(documents):
            kind = "mutation" if number % 5 == 0 else "query"
            generated = generate(STOCK._schema, f"{seed} {number}", kind=kind, reckless=number % 7 == 0)
            found = await differing(generated, number, monkeypatch)
            if found:
                pytest.fail(f"BREADTH_SEED={seed}, number {number}, {generated}\n" + "\n".join(found))

    asyncio.run(run_all())


EVERYTHING = """query ($first: Int)
{
  hello
  barns(first: $first) {
    id name kind built area sizes number shyNumber doubled shy veryShy silent uuid json loaded stream
    fields { id label shout owner { id kind } }
    fieldsOrNull { shout }
    sheds(count: 3) { id note opened at plain later(add: 2) }
  }
  page { total nodes { id } }
  things { __typename id ... on Barn { name } ... on Field { label } }
  anything { __typename ... on Shed { plain } ... on Barn { number } ... on Field { label } }
  told(wish: { text: "x", inner: [{ kind: SMALL }] }, either: { number: 1 }, kinds: [LARGE, NONE])
}
"""


@pytest.mark.parametrize("number", range(30))
async def test_all_features_give_the_same_response_as_strawberry(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpropagated = EVERYTHING.replace("\n{", f" {UNPROPAGATED}\n{{", 1)
    assert (
        await differing(GeneratedDocument(EVERYTHING, unpropagated, {"first": 4}), number, monkeypatch) == []
    )


async def test_syntax_and_validation_errors_equal_those_of_strawberry() -> None:
    stock, wide = farm.schema(), farm.schema(BreadthExtension)
    for text in (
        "{ nothing }",
        "{ hello",
        "query A { hello } query B { hello }",
        "{ told(wish: {size: 1.5}) }",
    ):
        reference, result = [
            await schema.execute(text, root_value=farm.Query(), context_value=farm.context(1))
            for schema in (stock, wide)
        ]
        assert repr(result) == repr(reference)
        assert list(map(shown, wide.processed)) == list(map(shown, stock.processed))


async def test_errors_are_masked_by_the_mask_errors_extension() -> None:
    generated = GeneratedDocument("{ barns { name } shed { plain } }", "", {})
    stock, wide = farm.schema(MaskErrors), farm.schema(MaskErrors, BreadthExtension)
    for number in range(1, 30):
        reference, _ = await answered(stock, generated, number)
        result, _ = await answered(wide, generated, number)
        assert sorted(map(shown, result.errors or ())) == sorted(map(shown, reference.errors or ()))


class Upper(SchemaExtension):
    """An extension that wraps every resolver."""

    def resolve(self, _next: Any, root: Any, info: Info, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        value = _next(root, info, *args, **kwargs)
        return value.upper() if isinstance(value, str) else value


async def test_schemas_with_extensions_that_wrap_resolvers_run_by_strawberry() -> None:
    plans._kept.cache_clear()
    result = await farm.schema(Upper, BreadthExtension).execute("{ hello }", root_value=farm.Query())
    assert result.data == {"hello": "HELLO"}
    assert plans._kept.cache_info().currsize == 0


@strawberry.directive(locations=[DirectiveLocation.FIELD])
def loud(value: DirectiveValue[str]) -> str:
    return f"{value}!"


@pytest.mark.parametrize(("text", "answer"), [("{ hello @loud }", "hello!"), ("{ hello }", "hello")])
async def test_directives_of_the_schema_take_effect(text: str, answer: str) -> None:
    schema = farm.schema(BreadthExtension, directives=[loud])
    result = await schema.execute(text, root_value=farm.Query())
    assert (result.data, result.errors) == ({"hello": answer}, None)


class Answered(SchemaExtension):
    """An extension that sets a result, as a cache does."""

    def on_execute(self) -> Iterator[None]:
        from graphql import ExecutionResult  # noqa: PLC0415 - Strawberry has one of that name, too

        self.execution_context.result = ExecutionResult({"hello": "from the cache"})
        yield


async def test_a_result_of_another_extension_is_kept() -> None:
    schema = farm.schema(Answered, BreadthExtension)
    result = await schema.execute("{ hello }", root_value=farm.Query())
    assert result.data == {"hello": "from the cache"}


@strawberry.type
class Ticker:
    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        yield 1
        yield 2


async def test_subscriptions_run_by_strawberry() -> None:
    schema = farm.schema(BreadthExtension, subscription=Ticker)
    stream: Any = await schema.subscribe("subscription { ticks }")
    assert [each.data async for each in stream] == [{"ticks": 1}, {"ticks": 2}]


SYNC = "{ hello barns { id name kind built area sizes shy doubled silent sheds { plain opened } } }"


@pytest.mark.parametrize("number", range(1, 20))
def test_synchronous_operations_run_without_an_event_loop(number: int) -> None:
    stock, wide = farm.schema(), farm.schema(BreadthExtensionSync)
    options: dict[str, Any] = {"root_value": farm.Query(), "context_value": farm.context_of_seed(number)}
    reference, result = stock.execute_sync(SYNC, **options), wide.execute_sync(SYNC, **options)
    assert differences(reference, result, None) == []  # type: ignore[arg-type]
    assert list(map(shown, wide.processed)) == list(map(shown, stock.processed))


def answered_at_once(*extensions: type[SchemaExtension], loop: asyncio.AbstractEventLoop | None) -> Any:
    """Return the result of `execute_sync` in a thread whose event loop does not run."""

    def answered() -> Any:
        asyncio.set_event_loop(loop)
        result = farm.schema(*extensions).execute_sync("{ page { total } }", root_value=farm.Query())
        if loop is not None:
            loop.run_until_complete(asyncio.sleep(0))  # Strawberry leaves a task on the loop
        return result

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(answered).result()


def test_asynchronous_operations_fail_in_execute_sync(caplog: pytest.LogCaptureFixture) -> None:
    """Strawberry reports the same error, but only in a thread with an event loop."""
    caplog.set_level(logging.CRITICAL)
    with closing(asyncio.new_event_loop()) as loop:
        reference = answered_at_once(loop=loop)
    result = answered_at_once(BreadthExtensionSync, loop=None)
    assert (result.data, list(map(shown, result.errors))) == (None, list(map(shown, reference.errors)))
    assert result.errors[0].message == "GraphQL execution failed to complete synchronously."


Asks = list[dict[str, Any]]


def echoing(asks: Asks) -> type:
    """Return a root type with one field that returns its arguments as text."""

    def told(
        wish: farm.Wish | None = None,
        of_kind: farm.Kind | None = strawberry.UNSET,
        since: int = 3,
        ids: list[strawberry.relay.GlobalID] | None = strawberry.UNSET,
        maybe: strawberry.Maybe[str | None] = None,
    ) -> str:
        return repr((wish, of_kind, since, ids, maybe))

    async def echoed(parents: Any, _info: Any, **arguments: Any) -> list[str]:
        asks.append(arguments)
        return [told(**arguments) for _ in parents]

    @strawberry.type
    class Root:
        echo: str = farm.resolved(told, SetResolver(echoed))

    return Root


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", {"wish", "since"}),
        ('(wish: {text: "x", inner: [{size: 2}]}, ofKind: LARGE, since: 5)', {"wish", "of_kind", "since"}),
        ("(wish: null, ofKind: null, ids: [])", {"wish", "of_kind", "since", "ids"}),
        ('(wish: {maybe: null}, maybe: null, ids: ["QTox"])', {"wish", "since", "ids", "maybe"}),
    ],
)
async def test_set_resolvers_get_arguments_converted_as_by_strawberry(
    arguments: str, names: set[str]
) -> None:
    """Arguments have Python names, input objects, enums and global IDs. Omitted arguments are absent."""
    asks: Asks = []
    root = echoing(asks)
    text = f"{{ echo{arguments} }}"
    reference = await strawberry.Schema(root).execute(text)
    result = await strawberry.Schema(root, extensions=[BreadthExtension]).execute(text)
    assert (result.data, result.errors) == (reference.data, None)
    assert [set(each) for each in asks] == [names]


async def test_an_argument_that_cannot_be_converted_is_a_field_error() -> None:
    asks: Asks = []
    root, text = echoing(asks), '{ echo(ids: ["not an id"]) }'
    reference = await strawberry.Schema(root).execute(text)
    result = await strawberry.Schema(root, extensions=[BreadthExtension]).execute(text)
    assert list(map(shown, result.errors or ())) == list(map(shown, reference.errors or ()))
    assert asks == []


async def test_errors_keep_the_original_error_and_its_extensions() -> None:
    result = await WIDE.execute("{ barns { number fields { id } } }", context_value=farm.context(5))
    assert result.errors is not None
    (error,) = result.errors
    assert isinstance(error, GraphQLError)
    assert isinstance(error.original_error, farm.OddError)
    assert (error.path, error.extensions) == (["barns", 0, "fields"], {"code": "ODD"})
