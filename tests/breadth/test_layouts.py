"""Layouts: parents are read at their positions, with joined objects in one pass, and answers stay the same."""

import enum
import gc
import random
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    execute,
    parse,
)

import breadth
from breadth import Column, InstanceOf, SetResolver, object_codegen
from breadth.fields import KEY
from breadth.layouts import Item, Join, Layout

DOCUMENT = """{ books { id title pages kind price author { name editor: boss { name } } review { stars } size __typename } }"""


@pytest.fixture(autouse=True)
def _compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0)


class Kind(enum.StrEnum):
    NOVEL = "novel"
    ESSAY = "essay"


class Row(tuple[Any, ...]):
    """A row with its values at the positions of a layout."""

    __slots__ = ()
    names: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[self.names.index(name)]
        except ValueError:
            raise AttributeError(name) from None


class Book(Row):
    """The columns of a book, then those of its author, of the author's boss, and of its review."""

    names = ("id", "title", "pages", "kind", "price")


class Author(Row):
    names = ("key", "name")


class Review(Row):
    names = ("key", "stars")


BOSS = Layout({"name": Item(8, str, False)}, {}, 9)
AUTHOR = Layout({"name": Item(6, str, False)}, {"boss": Join(7, Author, BOSS)}, 9)
REVIEW = Layout({"stars": Item(10, int, True, True)}, {}, 11)
BOOK = Layout(
    {
        "id": Item(0, int, False),
        "title": Item(1, str, False),
        "pages": Item(2, int, True, True),
        "kind": Item(3, str, True),
        "price": Item(4, float, True),
    },
    {"author": Join(5, Author, AUTHOR), "review": Join(9, Review, REVIEW)},
    11,
)


def _layout_of(class_: type) -> Layout | None:
    return BOOK if class_ is Book else None


def _cut(class_: type[Row], start: int, stop: int, book: Sequence[Any]) -> Row | None:
    return None if book[start] is None else class_(book[start:stop])


class Resolvers:
    """The resolvers of the joined objects, which count their calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.may_join = True

    def author(self, parents: Sequence[Any], _info: Any) -> list[Any]:
        self.calls.append("author")
        return [_cut(Author, 5, 9, book) for book in parents]

    def boss(self, parents: Sequence[Any], _info: Any) -> list[Any]:
        self.calls.append("boss")
        return [_cut(Author, 2, 4, author) for author in parents]

    def review(self, parents: Sequence[Any], _info: Any) -> list[Any]:
        self.calls.append("review")
        return [_cut(Review, 9, 11, book) for book in parents]


def _column(type_: Any, **options: Any) -> GraphQLField:
    column = Column(**options)

    def resolve(parent: Any, info: Any) -> Any:
        value = parent if column.whole else getattr(parent, column.name or info.field_name)
        return value if column.of is None else column.of(value)

    return GraphQLField(type_, resolve=resolve, extensions={KEY: column})


def schema_of(resolvers: Resolvers, *, with_layout: bool) -> GraphQLSchema:
    """Return the schema. Without the layout, all objects are resolved in the ordinary way."""

    def joined(type_: Any, resolve: Any, join: str) -> GraphQLField:
        marker = SetResolver(resolve, joined=join, may_join=lambda _context: resolvers.may_join)
        return GraphQLField(
            type_, resolve=lambda parent, info: resolve([parent], info)[0], extensions={KEY: marker}
        )

    author = GraphQLObjectType(
        "Author",
        lambda: {
            "name": _column(GraphQLNonNull(GraphQLString)),
            "boss": joined(author, resolvers.boss, "boss"),
        },
        is_type_of=InstanceOf(Author),
    )
    review = GraphQLObjectType(
        "Review", {"stars": _column(GraphQLNonNull(GraphQLInt))}, is_type_of=InstanceOf(Review)
    )
    kind = GraphQLEnumType("Kind", Kind)
    book = GraphQLObjectType(
        "Book",
        {
            "id": _column(GraphQLNonNull(GraphQLID), name="id", of=lambda id_: f"book:{id_}"),
            "title": _column(GraphQLNonNull(GraphQLString)),
            "pages": _column(GraphQLInt),
            "kind": _column(kind),
            "price": _column(GraphQLFloat),
            "author": joined(GraphQLNonNull(author), resolvers.author, "author"),
            "review": joined(review, resolvers.review, "review"),
            "size": _column(GraphQLBoolean, of=lambda row: row.title > "m", whole=True),
        },
        is_type_of=InstanceOf(Book, layout_of=_layout_of if with_layout else None),
    )
    return GraphQLSchema(GraphQLObjectType("Query", {"books": GraphQLField(GraphQLList(book))}))


def random_book(dice: random.Random, *, faults: float) -> Book:
    """Return a book. Some have values that their columns should not have: nulls and unknown enum values."""

    def maybe(value: Any, chance: float = 0.3) -> Any:
        return None if dice.random() < chance else value

    def wrong(value: Any, instead: Any) -> Any:
        return instead if dice.random() < faults else value

    author = wrong((1, "Ann"), (None, None))
    boss = maybe((2, "Bob")) or (None, None)
    # The layout of the boss begins with the author's other columns.
    review = maybe((3, wrong(maybe(5, faults), None))) or (None, None)
    own = (
        dice.randrange(100),
        "title",
        maybe(7),
        maybe(wrong("novel", "poem")),
        maybe(wrong(1.5, float("inf"))),
    )
    return Book((*own, *author, *boss, *review))


@pytest.mark.parametrize("faults", [0, 0.02, 0.3])
@pytest.mark.parametrize("seed", range(20))
def test_answers_equal_those_without_a_layout(seed: int, faults: float) -> None:
    dice = random.Random(seed)  # noqa: S311 - test data
    parents = {"books": [random_book(dice, faults=faults) for _ in range(30)]}
    plain = schema_of(Resolvers(), with_layout=False)
    expected = execute(plain, parse(DOCUMENT), parents)
    assert repr(breadth.execute(plain, parse(DOCUMENT), parents)) == repr(expected)
    for _ in range(2):
        found = breadth.execute(schema_of(Resolvers(), with_layout=True), parse(DOCUMENT), parents)
        assert repr(found) == repr(expected)
    assert faults or not expected.errors  # type: ignore[union-attr]


GOOD = Book((1, "title", 7, "novel", 1.5, 1, "Ann", 2, "Bob", 3, 5))
ANSWER = {
    "id": "book:1",
    "title": "title",
    "pages": 7,
    "kind": "NOVEL",
    "price": 1.5,
    "author": {"name": "Ann", "editor": {"name": "Bob"}},
    "review": {"stars": 5},
    "size": True,
    "__typename": "Book",
}


def test_resolvers_of_joined_objects_are_not_called() -> None:
    resolvers = Resolvers()
    schema = schema_of(resolvers, with_layout=True)
    assert breadth.execute(schema, parse(DOCUMENT), {"books": [GOOD] * 3}) == ({"books": [ANSWER] * 3}, None)
    assert resolvers.calls == []


def test_resolvers_are_called_if_the_context_may_not_join() -> None:
    resolvers = Resolvers()
    resolvers.may_join = False
    schema = schema_of(resolvers, with_layout=True)
    assert breadth.execute(schema, parse(DOCUMENT), {"books": [GOOD]}) == ({"books": [ANSWER]}, None)
    assert resolvers.calls == ["author", "review", "boss"]


def test_an_unusual_value_leaves_all_rows_to_the_ordinary_way() -> None:
    resolvers = Resolvers()
    schema = schema_of(resolvers, with_layout=True)
    unknown = Book((*GOOD[:3], "poem", *GOOD[4:]))
    result = breadth.execute(schema, parse(DOCUMENT), {"books": [GOOD, unknown]})
    assert result.data == {"books": [ANSWER, ANSWER | {"kind": None}]}  # type: ignore[union-attr]
    (error,) = result.errors  # type: ignore[union-attr, misc]
    assert (error.path, resolvers.calls) == (["books", 1, "kind"], ["author", "review", "boss"])


def test_an_object_whose_class_its_type_rejects_is_not_joined() -> None:
    resolvers = Resolvers()
    schema = schema_of(resolvers, with_layout=True)
    review: Any = schema.type_map["Review"]
    review.is_type_of = InstanceOf(Author)
    document = parse("{ books { title review { stars } author { name } } }")
    result = breadth.execute(schema, document, {"books": [GOOD]})
    assert resolvers.calls == ["review"]
    assert repr(result) == repr(execute(schema, document, {"books": [GOOD]}))
    assert result.errors  # type: ignore[union-attr]


def test_parents_of_other_classes_are_read_in_the_ordinary_way() -> None:
    class Other(Book):
        __slots__ = ()

    resolvers = Resolvers()
    schema = schema_of(resolvers, with_layout=True)
    document = parse("{ books { title author { name } } }")
    book = {"title": "title", "author": {"name": "Ann"}}
    mixed = {"books": [GOOD, Other(GOOD)]}
    assert breadth.execute(schema, document, mixed) == ({"books": [book] * 2}, None)
    assert resolvers.calls == ["author"]


def test_a_plan_with_joined_objects_is_freed_with_its_last_reference() -> None:
    schema = schema_of(Resolvers(), with_layout=True)
    plan = breadth.Plan(schema, parse(DOCUMENT))
    breadth.execute_plan(plan, {"books": [GOOD]})
    (books,) = next(iter(plan._variants.values())).fields
    kept = weakref.ref(books)
    gc.disable()
    try:
        del plan, books
        assert kept() is None
    finally:
        gc.enable()
