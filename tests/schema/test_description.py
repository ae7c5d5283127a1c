"""The description of the schema: on each way to the schema, and with names that exist."""

import re
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLObjectType

from db.engine.pool import Pool
from schema.description import DESCRIPTION
from schema.graph import build
from server.app import create_app

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = build().schema
NAMED = re.findall(r"`([^`]+)`", DESCRIPTION)


async def test_introspection_and_the_file_show_the_description(pool: Pool) -> None:
    app = create_app(pool)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        asked = await client.post("/graphql", json={"query": "{ __schema { description } }"})
        file = await client.get("/schema.graphql")

    assert asked.json() == {"data": {"__schema": {"description": DESCRIPTION}}}
    assert file.text.startswith(f'"""\n{DESCRIPTION}\n"""\nschema {{\n  query: Query\n')


@pytest.mark.parametrize("name", [name for name in NAMED if re.fullmatch(r"[A-Z]\w+(\.\w+)?", name)])
def test_types_and_fields_of_the_description_exist(name: str) -> None:
    type_name, _, field = name.partition(".")
    type_ = SCHEMA.type_map[type_name]
    assert not field or (isinstance(type_, GraphQLObjectType) and field in type_.fields)


def test_guides_of_the_description_exist() -> None:
    guides = [name for name in NAMED if name.endswith(".md")]
    assert len(guides) == 14
    folders = (ROOT, ROOT / "docs" / "guides")
    assert [name for name in guides if not any((folder / name).exists() for folder in folders)] == []
