"""Random documents: both executors give the same response, and breadth sends no additional statement.

The reference executor reads all columns of all rows, and one kind of row in each statement.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLInt,
    GraphQLString,
    ValueNode,
    ast_from_value,
    execute,
    parse,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from breadth import object_codegen
from db.engine.activity import Activity
from db.engine.reader import Reader
from db.inspection.tables import TableSize
from db.models import UserRole
from resolvers import doctor
from resolvers.framework.context import Context, Viewer
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.global_id import encode
from resolvers.framework.requires import EVERY_READ
from schema.graph import Graph, build
from schema.prepared.operation import InvalidDocument
from schema.prepared.statement_bound import Excess, excess_of
from services.accounts.api_key import ALL_SCOPES, READ_KEYWORDS, READ_MENTIONS, granted
from services.doctor.report import Check, Finding, Report, Skipped
from services.figures.cache import Cached
from tests.breadth.compare import differences
from tests.breadth.documents import UNPROPAGATED, GeneratedDocument, generate, generate_valid
from tests.support.world import Asker, World

REFERENCE, BREADTH = build("reference"), build("breadth")
TABLES = {
    "User": "users",
    "Keyword": "keywords",
    "Mention": "mentions",
    "Lead": "leads",
    "Integration": "integrations",
    "IntegrationLog": "integration_logs",
}
# The share of fields with an argument, by its name. Most lists start at their beginning, so that they have rows.
GIVEN = {
    "after": 0.04,
    "before": 0.04,
    "first": 0.9,
    "last": 0.05,
    "filter": 0.3,
    "from": 0.05,
    "to": 0.05,
    "timeZone": 0.05,
}
SCOPES = {"ann": granted([]), "ben": granted([READ_MENTIONS, READ_KEYWORDS]), "olga": granted([])}
FIELD_OF_JSON = "settings"
"""The only field with objects inside of a scalar."""
EVERY_SCOPE = Viewer(1, UserRole.OPERATOR, ALL_SCOPES)
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
CURSORS = (
    "{ keywords(first: 4) { edges { cursor } } mentions(first: 4, orderBy: OLDEST) { edges { cursor } } }"
)


@pytest.fixture(autouse=True)
def constant_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the doctor's report, which no two requests get alike, by one of each kind of content."""
    sizes = TableSize("leads", 2**40, 3, 2, 1, None, 0, is_analyzed=True, is_vacuumed=True)
    finding = Finding(Check.TABLES, "leads", "The table is large.", "VACUUM (ANALYZE) leads;")

    async def examine(*_: object, **__: object) -> Report:
        return Report([finding], [Skipped(Check.STATEMENTS, "It is missing.")], [sizes])

    monkeypatch.setattr(doctor, "examine", examine)


async def reference(generated: GeneratedDocument, context: Context) -> ExecutionResult:
    return await execute_prepared(REFERENCE, generated, context)


async def breadth(generated: GeneratedDocument, context: Context) -> ExecutionResult:
    return await execute_prepared(BREADTH, generated, context)


async def execute_prepared(graph: Graph, generated: GeneratedDocument, context: Context) -> ExecutionResult:
    prepared = graph.prepared.get(generated.text, generated.operation)
    refusal = prepared.refusal(generated.variables, EVERY_SCOPE)  # the execution checks scopes, too
    if refusal or isinstance(prepared, InvalidDocument):
        return ExecutionResult(None, list(refusal))
    return await prepared.execute(generated.variables, context)


async def without_propagation(generated: GeneratedDocument, context: Context) -> ExecutionResult:
    """Run the document with a directive that the API lacks, and so without validation."""
    result: ExecutionResult = await execute(  # type: ignore[misc]
        REFERENCE.schema,
        parse(generated.unpropagated),
        variable_values=generated.variables,
        context_value=context,
        operation_name=generated.operation,
        executor_class=REFERENCE.definition.execution_context_class,
    )
    return result


async def result_and_statements(
    execute_document: Callable[[GeneratedDocument, Context], Awaitable[ExecutionResult]],
    generated: GeneratedDocument,
    world: World,
    viewer: str,
) -> tuple[ExecutionResult, Activity]:
    role = UserRole.OPERATOR if viewer == "olga" else UserRole.MEMBER
    # Each call computes its own figures, as of the same moment.
    cached = Cached(world.pool, clock=NOW.timestamp)
    prepared = BREADTH.prepared.get(generated.text, generated.operation)
    reads = (
        EVERY_READ
        if execute_document is not breadth or isinstance(prepared, InvalidDocument)
        else prepared.reads(generated.variables)
    )
    context = Context(
        world.pool,
        Viewer(world.users[viewer], role, SCOPES[viewer]),
        "a request",
        reads=reads,
        cached=cached,
        now=NOW,
    )
    try:
        result = await execute_document(generated, context)
    finally:
        await context.close()
        await cached.close()
    return result, context.activity


async def compare_executors(
    generated: GeneratedDocument, world: World, viewer: str
) -> tuple[list[str], ExecutionResult]:
    expected, needed = await result_and_statements(reference, generated, world, viewer)
    possible = None
    if any(error.path for error in expected.errors or ()):
        possible, _ = await result_and_statements(without_propagation, generated, world, viewer)
    found: list[str] = []
    for turn in ("first", "second"):
        result, activity = await result_and_statements(breadth, generated, world, viewer)
        found += [f"{turn} time: {each}" for each in differences(expected, result, possible)]
        found += [f"{turn} time: {each}" for each in undeclared_scopes(generated, result, viewer)]
        found += [f"{turn} time: {each}" for each in broken_costs(generated, result)]
        found += [
            f"{turn} time: {each.coordinate} {each}, {activity.statements}"
            for each in broken_bounds(generated, activity, viewer)
        ]
        # The number of statements that are sent before an error depends on timing. So do the reads of one statement,
        # because each executor has turns of its own.
        if not expected.errors and reads_of(activity) > reads_of(needed):
            found.append(
                f"{turn} time: statements {activity.statements}, but the reference needs only {needed.statements}"
            )
    return found, expected


def reads_of(activity: Activity) -> int:
    """Return the number of reads, of which one statement can combine several."""
    return sum(name.count(" + ") + 1 for name in activity.statements)


def broken_bounds(generated: GeneratedDocument, activity: Activity, viewer: str) -> list[Excess]:
    prepared = BREADTH.prepared.get(generated.text, generated.operation)
    if isinstance(prepared, InvalidDocument):
        return []
    excess = excess_of(activity, prepared.cost(generated.variables), everybody=viewer == "olga")
    return [] if excess is None else [excess]


def undeclared_scopes(
    generated: GeneratedDocument, result: ExecutionResult, viewer: str
) -> Iterator[GraphQLError]:
    """Yield the errors about scopes that the refusal before the execution would not have named.

    Only the type of the object tells the scope of `node` and `nodes`, and an argument those of `changes`.
    """
    prepared = BREADTH.prepared.get(generated.text, generated.operation)
    if isinstance(prepared, InvalidDocument):
        return
    refusal = prepared.refusal(generated.variables, Viewer(1, UserRole.MEMBER, SCOPES[viewer]))
    missing = {scope for error in refusal for scope in (error.extensions or {}).get("missingScopes", ())}
    for error in result.errors or ():
        cause = error.original_error
        if isinstance(cause, ForbiddenError) and not missing.issuperset(cause.missing_scopes):
            names = [node.name.value for node in error.nodes or () if isinstance(node, FieldNode)]
            if not {"node", "nodes", "changes"} & set(names):
                yield error


def broken_costs(generated: GeneratedDocument, result: ExecutionResult) -> Iterator[str]:
    """Yield the sizes of the response that exceed the cost of the operation."""
    prepared = BREADTH.prepared.get(generated.text, generated.operation)
    if isinstance(prepared, InvalidDocument) or not result.data or FIELD_OF_JSON in generated.text:
        return
    cost = prepared.cost(generated.variables)
    objects, values = size_of(result.data)
    if objects - 1 > cost.objects:
        yield f"{objects - 1} objects, but the cost is {cost.objects}"
    if values - 1 > cost.values:
        yield f"{values - 1} values, but the cost is {cost.values}"


def size_of(value: Any) -> tuple[int, int]:
    """Return the numbers of objects and values. Nulls of fields that failed count nothing."""
    if isinstance(value, dict):
        sizes = [size_of(each) for each in value.values()]
        return 1 + sum(objects for objects, _ in sizes), 1 + sum(values for _, values in sizes)
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        sizes = [size_of(each) for each in value]
        return sum(objects for objects, _ in sizes), sum(values for _, values in sizes)
    return 0, int(value not in (None, []))


@pytest.fixture(autouse=True)
def _snapshots_without_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the age of snapshots to zero, so that all figures are as of the same moment."""
    monkeypatch.setattr(Reader, "snapshot_age_seconds", 0)


@pytest.fixture(scope="module")
async def scalars(asker: Asker, crowd: World) -> Mapping[str, Sequence[Any]]:
    """Values of each scalar: existing IDs and cursors, an unknown ID, and invalid values."""
    ids = []
    for tag, table in TABLES.items():
        found = await crowd.pool.fetch(f"SELECT id FROM {table} ORDER BY id % 7, id LIMIT 12")
        ids += [encode(tag, row["id"]) for row in found]
    lists = (await asker(CURSORS, viewer="ann")).data
    cursors = [edge["cursor"] for one in lists.values() for edge in one["edges"]]
    return {
        "ID": [*ids, encode("Lead", 10**9), "no id"],
        "Int": [1, 2, 3, 5, 50],
        "Float": [0.5, 1.0],
        "String": [*cursors, "", "ada", "Acme", "de", "EUR", "crm", "o'hara", 'quoted " \\ {}', "☃"],
        "Boolean": [True, False],
        "DateTime": ["2026-01-31T12:00:00Z", "2026-02-01T00:00:00+02:00", "not a date"],
        "Decimal": ["10", "9.99", "1e400"],
        "BigInt": [0, 1, 2**40],
        "URL": ["https://example.com/"],
    }


async def test_random_documents_get_the_same_response_from_both_executors(
    crowd: World,
    scalars: Mapping[str, Sequence[Any]],
    documents: int,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = 0
    for number in range(documents):
        monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0 if number % 2 else 1 << 30)
        options: dict[str, Any] = {"scalars": scalars, "given": GIVEN}
        if number % 9:
            generated = generate_valid(BREADTH.schema, f"{seed} {number}", **options)
        else:
            generated = generate(BREADTH.schema, f"{seed} {number}", reckless=True, **options)
        found, expected = await compare_executors(generated, crowd, ("ann", "ben", "olga")[number % 3])
        if found:
            pytest.fail(f"BREADTH_SEED={seed}, number {number}, {generated}\n" + "\n".join(found))
        answers += any((expected.data or {}).values())
    assert answers > documents / 2  # a document that both executors refuse proves little


def value_node(value: Any) -> ValueNode:
    node = ast_from_value(value, LITERALS[type(value)])
    assert node is not None
    return node


LITERALS: Mapping[type, Any] = {
    str: GraphQLString,
    int: GraphQLInt,
    float: GraphQLFloat,
    bool: GraphQLBoolean,
}


async def test_documents_of_hypothesis_get_the_same_response_from_both_executors(
    crowd: World, scalars: Mapping[str, Sequence[Any]], documents: int, seed: int
) -> None:
    """Compare the executors with documents of another generator.

    The documents lack variables and fragments, but have every argument in every combination.
    """
    values = {
        name: st.sampled_from([value for value in some if not isinstance(value, int) or value < 2**31]).map(
            value_node
        )
        for name, some in scalars.items()
    }
    made: list[str] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=documents // 4,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(queries(BREADTH.schema, custom_scalars=values))
    def make(text: str) -> None:
        made.append(text)

    make()
    for number, text in enumerate(made):
        unpropagated = text.replace("{", f"query {UNPROPAGATED} {{", 1)
        found, _ = await compare_executors(
            GeneratedDocument(text, unpropagated, {}), crowd, ("ann", "ben", "olga")[number % 3]
        )
        assert found == [], text
