"""Rules of the code base that a test can check."""

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
)

import db
from breadth.fields import KEY, Column, SetResolver
from breadth.strawberry_field import metadata_of
from db import models
from db.language import filter as filters
from db.language.filter import Operator, condition
from db.language.keyset import BELOW_ALL, Order, computed
from db.language.shape import ToOne
from resolvers.entities import ENTITIES, OF_EXPORT, entity_of
from resolvers.framework.entity import DeclarationError, Entity, Number, Words, plain
from resolvers.framework.export_columns import columns_of, export_table_of, usual_columns
from resolvers.framework.global_id import encoder_of
from resolvers.framework.mutation import STATEMENTS
from resolvers.framework.names import public
from schema import fields
from schema.fields import SET_RESOLVER
from schema.graph import build
from server.commands.schema import SCHEMA_FILE

ROOT = Path(__file__).parents[1]
PACKAGES = ("breadth", "server", "schema", "resolvers", "services", "loaders", "db", "text")
SCHEMA = build()
TYPES = {name: type_ for name, type_ in SCHEMA.schema.type_map.items() if not name.startswith("__")}
OBJECTS = {name: type_ for name, type_ in TYPES.items() if isinstance(type_, GraphQLObjectType)}
MODEL_OF = {"Analysis": models.AnalysisResult} | {
    mapper.class_.__name__: mapper.class_
    for mapper in models.Base.registry.mappers
    if mapper.class_.__name__ in OBJECTS
}
FIELDS = [(name, field) for name, type_ in OBJECTS.items() for field in type_.fields]


def test_each_package_imports_only_lower_layers() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_alembic_folder_is_not_a_package() -> None:
    """A package of this name would hide the installed Alembic."""
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_no_other_distribution_has_our_top_level_names() -> None:
    others = {
        name: [owner for owner in owners if owner != "leadgraph"]
        for name, owners in importlib.metadata.packages_distributions().items()
        if name in PACKAGES
    }
    assert not any(others.values()), others


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text() == SCHEMA.sdl


def described(type_: Any) -> list[tuple[str, str | None]]:
    found = [(type_.name, type_.description)]
    if isinstance(type_, GraphQLEnumType):
        found += [(f"{type_.name}.{name}", value.description) for name, value in type_.values.items()]
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
        for name, field in type_.fields.items():
            found.append((f"{type_.name}.{name}", field.description))
            arguments = field.args.items() if isinstance(field, GraphQLField) else ()
            found += [(f"{type_.name}.{name}({key})", argument.description) for key, argument in arguments]
    return found


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_part_of_the_schema_has_a_description(name: str) -> None:
    assert [place for place, description in described(TYPES[name]) if not description] == []


def definition(type_name: str, field_name: str) -> Any:
    return OBJECTS[type_name].fields[field_name].extensions["strawberry-definition"]


@pytest.mark.parametrize(("type_name", "field_name"), FIELDS, ids=[".".join(field) for field in FIELDS])
def test_every_field_is_a_column_or_has_a_set_wise_resolver(type_name: str, field_name: str) -> None:
    made = definition(type_name, field_name)
    assert isinstance(made.metadata[KEY], (Column, SetResolver))


@pytest.mark.parametrize(
    ("type_name", "field_name"), [field for field in FIELDS if field[0] in MODEL_OF], ids=lambda name: name
)
def test_a_field_of_a_column_may_be_null_only_if_the_column_may(type_name: str, field_name: str) -> None:
    made = definition(type_name, field_name)
    plan = made.metadata[KEY]
    if not isinstance(plan, Column):
        return
    column = MODEL_OF[type_name].__table__.c[plan.name or made.python_name]
    may_be_null = not isinstance(OBJECTS[type_name].fields[field_name].type, GraphQLNonNull)
    assert may_be_null == column.nullable


@pytest.mark.parametrize(
    ("type_name", "field_name"),
    [field for field in FIELDS if fields.SET_RESOLVER in definition(*field).metadata],
    ids=lambda name: name,
)
def test_set_wise_resolvers_take_the_context_and_return_a_sequence(type_name: str, field_name: str) -> None:
    """The sequence has one result per parent."""
    signature = inspect.signature(definition(type_name, field_name).metadata[fields.SET_RESOLVER])
    assert list(signature.parameters)[1] == "context"
    assert "Sequence" in str(signature.return_annotation)


def test_every_mutation_states_its_largest_number_of_statements() -> None:
    mutations = OBJECTS["Mutation"].fields.items()
    stated = {
        name: getattr(metadata_of(field).get(SET_RESOLVER), STATEMENTS, None) for name, field in mutations
    }
    assert [name for name, statements in stated.items() if statements is None] == []
    assert stated["triageMention"] == 2 + 3


def test_every_model_with_a_type_in_the_api_is_declared_as_an_entity() -> None:
    assert {entity.typename: entity.model for entity in ENTITIES} == MODEL_OF


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.typename)
def test_filters_orders_and_relations_of_entities_exist_in_their_models(entity: Entity[Any]) -> None:
    """Each filter compiles to SQL. A name that the model lacks would raise."""
    for name, declared in entity.filters.items():
        shape = filters.Test(declared.field or name, Operator.IS_NULL, value=True)
        shape = replace(shape, operator=Operator.MATCHES, value="where_0") if name == "search" else shape
        assert str(condition(entity.model, shape, everybody=True))
    columns = entity.model.__table__.c
    for order, _ in entity.orders:
        own = [columns[name] for name in order.columns if not computed(entity.model, name)]
        nullable = [column for column in own if column.nullable]
        assert [column.name for column in nullable if column.type.python_type not in BELOW_ALL] == []
        assert order.columns[-1] == "id"
    for relation in entity.relations.values():
        assert isinstance(entity_of(relation.model), Entity)
    assert entity.has_id == ("id" in columns)


@pytest.mark.parametrize(
    "entity", [one for one in ENTITIES if one.filters], ids=lambda entity: entity.typename
)
def test_lists_of_entities_have_the_declared_filters_and_orders(entity: Entity[Any]) -> None:
    declared = {public(name) for name in entity.filters}
    where, order = TYPES[f"{entity.typename}Filter"], TYPES[f"{entity.typename}Order"]
    assert isinstance(where, GraphQLInputObjectType)
    assert isinstance(order, GraphQLEnumType)
    assert set(where.fields) == declared | {"and", "or", "not"}
    assert [name.lower() for name in order.values] == [one.name for one, _ in entity.orders]


def test_every_entity_except_user_has_a_user_among_its_parents() -> None:
    for entity in ENTITIES:
        parents = entity.model.__parents__
        assert set(parents) <= set(entity.model.__table__.c.keys())
        assert ("user_id" in parents) == (entity.model is not models.User)


def test_every_exportable_list_has_an_entity_with_readable_columns() -> None:
    assert set(OF_EXPORT) == set(models.ExportEntity)
    for list_, entity in OF_EXPORT.items():
        assert usual_columns(list_)[0] == "id"
        assert export_table_of(list_, list(columns_of(list_))).model is entity.model


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"relations": {"boss": ToOne(models.User, "boss_id", "id", shared=True)}}, "relation boss"),
        ({"orders": [(Order("newest", ("born_at", "id")), "Newest first.")]}, "order born_at"),
        ({"filters": {"age": Number("The age.")}}, "filter age"),
        ({"filters": {"search": Words("Words.")}}, "filter search"),
        ({"export": list(plain("age"))}, "export column age"),
        ({"export_also": ["boss"]}, "relation boss"),
    ],
)
def test_a_declaration_of_an_attribute_that_the_model_lacks_is_refused(wrong: Any, problem: str) -> None:
    with pytest.raises(DeclarationError, match=f"Robot declares what its models lack: {problem}."):
        Entity(model=models.User, typename="Robot", plural="robots", permission=None, **wrong)


def test_an_undeclared_model_has_no_global_ids() -> None:
    with pytest.raises(DeclarationError, match="IdempotencyKey is not declared"):
        encoder_of(models.IdempotencyKey)


def string_literals(path: Path) -> list[tuple[int, str]]:
    nodes = ast.walk(ast.parse(path.read_text()))
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    return [(node.lineno, node.value) for node in constants if isinstance(node.value, str)]


def package_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


SQL = (
    "SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH ", "LOCK TABLE ", "ANALYZE", "BEGIN ", "ROLLBACK",
    "SET LOCAL ", "CREATE ", "DROP ", "ALTER ",
)  # fmt: skip
SQL_PACKAGES = (
    "db.backup",
    "db.engine",
    "db.inspection",
    "db.integrity",
    "db.models",
    "db.persons",
    "db.sharding",
    "db.statements",
)


def test_sql_text_is_written_only_in_the_packages_that_db_names() -> None:
    homes = tuple(f"{package.replace('.', '/')}/" for package in SQL_PACKAGES)
    found = {
        str(path.relative_to(ROOT))
        for path in package_files(*PACKAGES)
        for _, text in string_literals(path)
        if text.lstrip().startswith(SQL)
    }
    assert [path for path in sorted(found) if not path.startswith(homes)] == []
    assert [path for path in sorted(found) if path.startswith("db/models/")] == ["db/models/export.py"]
    assert [package for package in SQL_PACKAGES if f"`{package}`" not in (db.__doc__ or "")] == []


def test_statements_are_built_only_in_db_statements() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in package_files(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(each, ast.Name) and each.id == "statement" for each in node.decorator_list)
    }
    assert found
    assert [path for path in sorted(found) if not path.startswith("db/statements/")] == []


def imports_of(path: Path) -> set[str]:
    """Return the dotted names of the modules that a file imports, and of the names it imports from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_only_the_demo_imports_the_statements_of_the_demo() -> None:
    importers = [path for path in package_files(*PACKAGES) if "db.statements.demo" in imports_of(path)]
    assert [str(path.relative_to(ROOT)) for path in sorted(importers)] == [
        "server/commands/demo.py",
        "services/demo_writer.py",
    ]


CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "monotonic"},
}
OTHER_CLOCKS = {
    "services/accounts/api_keys.py": "authentication, which comes before the context",
    "services/browsers/sessions.py": "authentication, too",
    "services/accounts/buckets.py": "the filling of buckets, before the context",
    "services/accounts/rate_limit.py": "the time at which a bucket is full, for clients",
    "services/shared_store/availability.py": "the length of an outage of Redis",
    "services/replicas": "the lag of replicas, and the time for which one is avoided",
    "services/figures/cache": "the age of stored figures, and questions that no request asked",
}
"""The modules of services that read a clock, with the reason. Writes take the moment of their transaction."""


def clock_readings(source: str) -> Iterator[int]:
    """Yield the lines that read or pass on a clock, by any name under which the module imports it."""
    tree = ast.parse(source)
    names = {name: name for name in CLOCKS}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"datetime", "time"}:
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name
                if node.module == "time" and alias.name in CLOCKS["time"]:
                    yield node.lineno
        elif isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in CLOCKS}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else ast.unparse(node.value)
            if node.attr in CLOCKS.get(names.get(owner, owner), ()):
                yield node.lineno


@pytest.mark.parametrize(
    ("source", "readings"),
    [
        ("from datetime import datetime\ndatetime.now(UTC)", 1),
        ("from datetime import datetime as moment\npartial(moment.now, UTC)", 1),
        ("import datetime as dt\ndt.datetime.now()\ndt.date.today()", 2),
        ("import time\nclock = time.time", 1),
        ("from time import time", 1),
        ("import time\ntime.monotonic()", 1),
        ("context.now\nself.time.today\nframe.today", 0),
    ],
)
def test_readings_of_clocks_are_found(source: str, readings: int) -> None:
    assert len(list(clock_readings(source))) == readings


def test_only_the_context_and_listed_services_read_a_clock() -> None:
    """An operation has one `now`, so that all windows of a response agree, even across midnight."""
    found = {
        str(path.relative_to(ROOT)): path
        for path in package_files("schema", "resolvers", "services", "loaders")
        if any(clock_readings(path.read_text()))
    }
    assert [path for path in found if not path.startswith(tuple(OTHER_CLOCKS))] == [
        "resolvers/framework/context.py"
    ]


def test_no_sql_takes_the_start_of_its_transaction_as_the_time() -> None:
    """A transaction begins before it waits for its locks. Rows of users store its moment (db.language.moment)."""
    start = re.compile(r"\bnow\(\)|current_timestamp|localtimestamp|transaction_timestamp", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in package_files("db", "loaders", "services", "server")
        for line in path.read_text().splitlines()
        if start.search(line.replace("datetime.now(", ""))
    ]
    assert found == []
