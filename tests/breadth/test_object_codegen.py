"""Generated code: its text never holds parts of a request, and its rows equal those of graphql-core."""

import dataclasses
import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute,
    parse,
)

import breadth
from breadth import Column, InstanceOf, object_codegen
from breadth.awaitability import DEFAULT
from breadth.fields import KEY


@pytest.fixture(autouse=True)
def _compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of generated functions, in the order of compilation."""
    seen: list[str] = []
    code = object_codegen.code

    def noted(text: str) -> Any:
        seen.append(text)
        return code(text)

    monkeypatch.setattr(object_codegen, "code", noted)
    return seen


def named(document: DocumentNode, alias: str) -> DocumentNode:
    """Return the document with an alias that no parser accepts."""
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    field = dataclasses.replace(field, alias=NameNode(value=alias))
    selections = SelectionSetNode(selections=(field,))
    return dataclasses.replace(
        document, definitions=(dataclasses.replace(operation, selection_set=selections),)
    )


HOSTILE = ("'", '"', "\\", "'}, __import__('os').abort(), {'", "a\nb", "{x}", "größe", "\u2028", "\ud800", "")


@pytest.mark.parametrize("alias", HOSTILE)
def test_response_keys_are_literals_in_generated_code(alias: str, texts: list[str]) -> None:
    schema = build_schema("type Query { a: Int }")
    document = named(parse("{ a }"), alias)
    assert breadth.execute(schema, document, {"a": 1}) == execute(schema, document, {"a": 1})
    assert breadth.execute(schema, document, {"a": 1}).data == {alias: 1}  # type: ignore[union-attr]
    (text,) = texts[:1]
    assert repr(alias) in text


def test_arguments_never_appear_in_generated_code(texts: list[str]) -> None:
    schema = build_schema("type Query { a(x: String, y: Int): String me: Query }")
    schema.query_type.fields["a"].resolve = lambda _root, _info, **given: f"{given}"  # type: ignore[union-attr]
    document = parse("""query ($v: String) { me { a(x: "secret-1", y: 424242) b: a(x: $v) __typename } }""")
    result = breadth.execute(schema, document, {"me": {}}, variable_values={"v": "secret-2"})
    assert result.data == {  # type: ignore[union-attr]
        "me": {"a": "{'x': 'secret-1', 'y': 424242}", "b": "{'x': 'secret-2'}", "__typename": "Query"}
    }
    assert texts
    assert not any(word in text for text in texts for word in ("secret", "424242", "lambda"))


@pytest.mark.parametrize(
    "attribute", ["class", "None", "größe", "ﬁeld", "with space", "a.b", "x); (", "__private"]
)
def test_attributes_of_any_name_are_read_as_getattr_reads_them(attribute: str) -> None:
    class Row:
        pass

    row = Row()
    setattr(row, attribute, "right")
    setattr(row, "field", "wrong")  # a source file with the ligature names this attribute  # noqa: B010
    columns = {"a": GraphQLField(GraphQLString, extensions={KEY: Column(attribute)})}
    schema = GraphQLSchema(GraphQLObjectType("Query", columns))
    assert breadth.execute(schema, parse("{ a }"), row) == ({"a": "right"}, None)


class Driver:
    """A row as database drivers return it, with values as items."""

    def __init__(self, **items: Any) -> None:
        self.items = items

    def __getitem__(self, key: str) -> Any:
        return self.items[key]


class Row(Driver):
    id = property(itemgetter("id"))
    name = property(itemgetter("full_name"))
    both = property(itemgetter("id", "full_name"))
    made = property(lambda self: f"made of {self['id']}")


def test_properties_of_an_item_getter_are_read_as_items(texts: list[str]) -> None:
    schema = build_schema("type Query { id: ID name: String both: String made: String }")
    row = Row(id="1", full_name="Ann")
    document = parse("{ id name made }")
    assert breadth.execute(schema, document, row) == ({"id": "1", "name": "Ann", "made": "made of 1"}, None)
    (text,) = texts
    assert "s['id']" in text
    assert "s['full_name']" in text
    assert "s.made" in text


class Level(enum.Enum):
    LOW = 1
    HIGH = "high"
    BOTH = (1, "high")
    TWIN = True  # an alias of LOW: equal values are one member


def _odd(value: Any) -> Any:
    if value == "bad":
        raise ValueError("bad value")
    return None if value == "none" else [value]


LEAVES: dict[str, tuple[Any, Sequence[Any]]] = {
    "Int": (GraphQLInt, (0, 1, -1, 2**31 - 1, -(2**31), 2**31, -(2**31) - 1, True, "5", "x", "", 1.0, 1.5)),
    "Float": (
        GraphQLFloat,
        (0.0, -1.5, 1e308, float("inf"), float("-inf"), float("nan"), 3, 2**60 + 1, "1.5", True),
    ),
    "String": (GraphQLString, ("", "x", "☃", 1, 1.5, True, [], b"x", {}, object, float("nan"))),
    "Boolean": (GraphQLBoolean, (True, False, 0, 1, 2, 0.0, float("nan"), "true", [])),
    "ID": (GraphQLID, ("", "x", 1, -5, 10**30, True, 1.0, 1.5, [])),
    "Enum": (
        GraphQLEnumType("Level", Level),
        (1, "high", (1, "high"), True, 1.0, 2, "LOW", Level.LOW, [], {}),
    ),
    "Names": (GraphQLEnumType("Names", {"A": None, "B": 2}), ("A", "B", 2, 3, None)),
    "Custom": (
        GraphQLScalarType("Custom", coerce_output_value=_odd),
        (1, "x", "bad", "none", [1], Level.LOW),
    ),
    "Stock": (
        GraphQLScalarType("Stock"),
        (1, "x", [1], {"b": 1}, Level.LOW, datetime(2026, 1, 1, tzinfo=UTC)),
    ),
}


class Subclassed(str):
    """A subclass of str."""

    __slots__ = ()


@pytest.mark.parametrize("name", LEAVES)
@pytest.mark.parametrize(
    "wrap", [lambda of: of, GraphQLNonNull, GraphQLList, lambda of: GraphQLList(GraphQLNonNull(of))]
)
def test_leaves_are_serialized_as_by_graphql_core(name: str, wrap: Any) -> None:
    """Single values, columns and lists, with and without invalid values."""
    type_, values = LEAVES[name]
    listed = isinstance(wrap(type_), GraphQLList)
    item = GraphQLObjectType("Item", {"a": GraphQLField(wrap(type_)), "rest": GraphQLField(GraphQLInt)})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"items": GraphQLField(GraphQLList(item))}))
    document = parse("{ items { a rest } }")
    values = [*values, None, Subclassed("sub"), ValueError("an error as a value")]
    for chosen in ([value] for value in values), (values[:1], values[:2], values):
        for some in chosen:
            parents = [{"a": [value, value] if listed else value, "rest": 1} for value in some]
            reference = execute(schema, document, {"items": parents})
            for _ in range(2):
                result = breadth.execute(schema, document, {"items": parents})
                assert repr(result) == repr(reference)


def test_parents_of_different_classes_are_read_as_by_graphql_core() -> None:
    class Plain:
        a = 1

    class Called:
        def a(self, _info: Any) -> int:
            return 2

    class Lacking:
        pass

    class Failing:
        @property
        def a(self) -> int:
            raise ValueError("cannot be read")

    schema = build_schema("type Item { a: Int } type Query { items: [Item] }")
    document = parse("{ items { a } }")
    parents = [{"a": 0}, Plain(), Called(), Lacking(), Failing(), {"a": lambda _info: 3}, {}]
    for some in ([parent] * 3 for parent in parents):
        assert repr(breadth.execute(schema, document, {"items": some})) == repr(
            execute(schema, document, {"items": some})
        )
    assert repr(breadth.execute(schema, document, {"items": parents})) == repr(
        execute(schema, document, {"items": parents})
    )


def test_the_number_of_known_classes_is_bounded() -> None:
    schema = build_schema("type Query { a: Int }")
    document = parse("{ a }")
    for number in range(100):
        made = type(f"Made{number}", (), {"a": number})
        assert breadth.execute(schema, document, made()) == ({"a": number}, None)
    assert len(DEFAULT.plain_classes) <= 1001


def test_instance_of_is_not_called_per_object() -> None:
    class Row:
        def __init__(self, a: int) -> None:
            self.a = a

    class Counting(InstanceOf):
        calls = 0

        def __call__(self, value: Any, _info: Any = None) -> bool:
            Counting.calls += 1
            return super().__call__(value)

    item = GraphQLObjectType("Item", {"a": GraphQLField(GraphQLInt)}, is_type_of=Counting(Row))
    schema = GraphQLSchema(GraphQLObjectType("Query", {"items": GraphQLField(GraphQLList(item))}))
    document = parse("{ items { a } }")
    result = breadth.execute(schema, document, {"items": [Row(n) for n in range(50)]})
    assert result == ({"items": [{"a": n} for n in range(50)]}, None)
    assert Counting.calls == 0
    mixed = {"items": [Row(1), "no row", Row(2)]}
    assert repr(breadth.execute(schema, document, mixed)) == repr(execute(schema, document, mixed))
