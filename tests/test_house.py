"""The rules of the house, as far as a machine can tell."""

import ast
import importlib.metadata
import inspect
import subprocess
import sys
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
from db import models
from schema import fields
from schema.graph import build
from server.commands.schema import SCHEMA_FILE

ROOT = Path(__file__).parents[1]
PACKAGES = ("breadth", "server", "schema", "resolvers", "services", "loaders", "db")
SCHEMA = build()
TYPES = {name: type_ for name, type_ in SCHEMA.schema.type_map.items() if not name.startswith("__")}
OBJECTS = {name: type_ for name, type_ in TYPES.items() if isinstance(type_, GraphQLObjectType)}
MODEL_OF = {"Analysis": models.AnalysisResult} | {
    name: getattr(models, name) for name in OBJECTS if hasattr(models, name)
}
FIELDS = [(name, field) for name, type_ in OBJECTS.items() for field in type_.fields]


def test_each_package_imports_only_what_stands_below_it() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_folder_of_revisions_is_no_package() -> None:
    """It would hide the installed Alembic."""
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_no_other_distribution_has_our_top_level_names() -> None:
    others = {
        name: [owner for owner in owners if owner != "leadgraph"]
        for name, owners in importlib.metadata.packages_distributions().items()
        if name in PACKAGES
    }
    assert not any(others.values()), others


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text() == SCHEMA.definition.as_str() + "\n"


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
def test_everything_that_clients_see_is_described(name: str) -> None:
    assert [what for what, description in described(TYPES[name]) if not description] == []


def definition(type_name: str, field_name: str) -> Any:
    return OBJECTS[type_name].fields[field_name].extensions["strawberry-definition"]


@pytest.mark.parametrize(("type_name", "field_name"), FIELDS, ids=[".".join(field) for field in FIELDS])
def test_every_field_is_a_column_or_asked_for_all_parents_at_once(type_name: str, field_name: str) -> None:
    made = definition(type_name, field_name)
    assert isinstance(made.metadata[KEY], (Column, SetResolver))


@pytest.mark.parametrize(
    ("type_name", "field_name"), [field for field in FIELDS if field[0] in MODEL_OF], ids=lambda name: name
)
def test_plain_fields_are_columns_and_agree_on_null(type_name: str, field_name: str) -> None:
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
def test_resolvers_take_parents_and_context(type_name: str, field_name: str) -> None:
    """And return a result for each parent, at once or later."""
    signature = inspect.signature(definition(type_name, field_name).metadata[fields.SET_RESOLVER])
    assert list(signature.parameters)[1] == "context"
    assert "Sequence" in str(signature.return_annotation)


def texts_of(path: Path) -> list[tuple[int, str]]:
    nodes = ast.walk(ast.parse(path.read_text()))
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    return [(node.lineno, node.value) for node in constants if isinstance(node.value, str)]


def package_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


SQL = (
    "SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH ", "LOCK TABLE ", "ANALYZE", "BEGIN ", "ROLLBACK",
    "SET LOCAL ", "CREATE ", "DROP ", "ALTER ",
)  # fmt: skip
SQL_PACKAGES = ("db.engine", "db.integrity", "db.models", "db.statements")


def test_sql_text_is_written_only_in_the_packages_that_db_names() -> None:
    homes = tuple(f"{package.replace('.', '/')}/" for package in SQL_PACKAGES)
    found = {
        str(path.relative_to(ROOT))
        for path in package_files(*PACKAGES)
        for _, text in texts_of(path)
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
