"""The guard against wasteful reads: it finds and names planted faults."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from db.engine.reader import Reader
from db.engine.writer import Writer
from db.language.projection import EVERY_COLUMN
from db.language.scope import Scope
from db.models import Lead
from db.statements import counts, read_rows
from db.statements.lead_bulk import update_leads
from loaders.counts import CountByParent
from loaders.same_contact import SameContactByLead
from resolvers.framework import paging
from resolvers.framework.context import Context
from resolvers.framework.global_id import encode
from schema.graph import build
from schema.prepared.guard import GuardMode
from server.app import create_app
from services import bulk_leads
from tests.support.world import World

BREADTH = build("breadth")
COUNT_EACH = "{ keywords { nodes { mentions(filter: { platform: { eq: REDDIT } }) { totalCount } } } }"
COUNTED = "{ keywords { nodes { found: mentions { totalCount } } } }"
Found = list[tuple[str, str, str, str]]


class Guarded:
    """Servers with a guard, which answer as ann."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def answer(self, document: str, mode: GuardMode = "warn", **variables: object) -> Any:
        app = create_app(self.world.pool, graph=BREADTH, guard=mode)
        headers = {"authorization": f"Bearer {self.world.keys['ann']}"}
        body = {"query": document, "variables": variables}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            return (await client.post("/graphql", json=body, headers=headers)).json()

    async def warnings(self, document: str, **variables: object) -> Found:
        """Return code, path, field and message of each warning, except those of the bound."""
        answer = await self.answer(document, "warn", **variables)
        assert "errors" not in answer
        return [
            (one["code"], ".".join(one["path"]), one["field"], one["message"])
            for one in answer.get("extensions", {}).get("warnings", [])
            if one["code"] != "BOUND_EXCEEDED"
        ]


@pytest.fixture
def guarded(world: World) -> Guarded:
    return Guarded(world)


@pytest.fixture
async def leads(world: World) -> list[int]:
    """Three leads of ann with the same e-mail address, and no others."""
    await world.pool.execute("DELETE FROM leads")
    mentions = await world.rows("mentions", "ann")
    return [await world.add_lead(one["id"], contact_email="ada@example.com") for one in mentions[:3]]


@pytest.fixture
def half_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the leads of the same contact read two rows and show one."""
    honest = SameContactByLead.read

    async def read(
        self: SameContactByLead, reader: Reader, scope: Scope, keys: Sequence[int]
    ) -> Sequence[Sequence[Lead]]:
        return [found[:1] for found in await honest(self, reader, scope, keys)]

    monkeypatch.setattr(SameContactByLead, "read", read)


async def test_a_document_without_faults_has_no_warnings(guarded: Guarded, leads: list[int]) -> None:
    document = "{ leads { totalCount nodes { id mention { id keyword { keyword } } sameContact { id } } } }"

    assert await guarded.warnings(document) == []
    assert await guarded.warnings(COUNT_EACH) == []
    assert await guarded.warnings(COUNTED) == []


async def test_a_loader_that_runs_a_statement_per_key_is_named(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(
        self: CountByParent, reader: Reader, scope: Scope, keys: Sequence[int | None]
    ) -> Sequence[int]:
        found = [
            await counts.count(reader, scope, self.model, self.parent, [key or 0], self.where) for key in keys
        ]
        return [each.get(key, 0) for key, each in zip(keys, found, strict=True)]

    monkeypatch.setattr(CountByParent, "read", read)
    assert await guarded.warnings(COUNT_EACH) == [
        (
            "REPEATED_STATEMENT",
            "keywords.nodes.mentions.totalCount",
            "MentionConnection.totalCount",
            "The statement 'mentions count keyword_id' ran 3 times. Read all keys in one statement.",
        )
    ]


async def test_a_resolver_that_loads_each_key_by_itself_is_named(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def total_count(
        connections: Sequence[paging.Connection[Any]], *, context: Context
    ) -> Sequence[int]:
        listing = connections[0].listing
        loader = CountByParent(listing.model, listing.parent, listing.where)
        return [await context.load_one(loader, each.parent_id) for each in connections]

    monkeypatch.setattr(paging, "_total_count", total_count)
    assert await guarded.warnings(COUNT_EACH) == [
        (
            "BATCH_OF_ONE",
            "keywords.nodes.mentions.totalCount",
            "MentionConnection.totalCount",
            (
                "CountByParent read 3 batches of one key for 3 objects. Load the keys of all objects in one call, and "
                "keep keys out of the loader's fields."
            ),
        )
    ]


async def test_a_count_where_a_counter_exists_is_named(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def total_count(
        connections: Sequence[paging.Connection[Any]], *, context: Context
    ) -> Sequence[int]:
        listing = connections[0].listing
        loader = CountByParent(listing.model, listing.parent, listing.where)
        return await context.load(loader, [each.parent_id for each in connections])

    monkeypatch.setattr(paging, "_total_count", total_count)
    assert await guarded.warnings(COUNTED) == [
        (
            "COUNTED_IN_VAIN",
            "keywords.nodes.found.totalCount",
            "MentionConnection.totalCount",
            "CountByParent counted rows. The counter keywords.mentions_count has the number.",
        )
    ]


async def test_rows_that_no_field_shows_are_named(
    guarded: Guarded, leads: list[int], half_shown: None
) -> None:
    assert await guarded.warnings("{ leads { nodes { sameContact { id } } } }") == [
        (
            "UNUSED_ROWS",
            "leads.nodes.sameContact",
            "Lead.sameContact",
            "Read 6 rows of leads, of which 3 are not used. Read only what is shown.",
        )
    ]


async def test_a_page_that_no_field_shows_is_named(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PARTS_OF_PAGE", {*paging.PARTS_OF_PAGE, "totalCount"})
    assert await guarded.warnings("{ keywords { totalCount } }") == [
        (
            "UNUSED_ROWS",
            "keywords",
            "Query.keywords",
            "Read 3 rows of keywords, of which 3 are not used. Read only what is shown.",
        )
    ]


async def test_columns_that_no_field_requires_are_named(
    guarded: Guarded, leads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def by(reader: Reader, scope: Scope, model: Any, column: str, keys: Sequence[int]) -> list[Any]:
        shape = EVERY_COLUMN.shape(model, column)
        sent = read_rows._by(model, column, everybody=scope.everybody, shape=shape)
        return await reader.fetch_shape(shape, sent, scope, keys=keys)

    monkeypatch.setattr(read_rows, "by", by)
    found = await guarded.warnings(
        "query($id: ID!) { keyword(id: $id) { keyword } }", id=encode("Keyword", 1)
    )
    ((code, path, field, message),) = found
    assert (code, path, field) == ("UNUSED_COLUMNS", "keyword", "Query.keyword")
    assert message.startswith("Read the columns user_id, keyword_norm, match_type, ")
    assert message.endswith("of keywords, which no field requires.")
    assert " keyword," not in message


async def test_a_mutation_that_writes_row_by_row_is_named(
    guarded: Guarded, leads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one_by_one(
        writer: Writer, scope: Scope, names: Sequence[str], rows: Sequence[Mapping[str, object]]
    ) -> list[Lead]:
        return [lead for row in rows for lead in await update_leads(writer, scope, names, [row])]

    document = "mutation($items: [UpdateLeadsItemInput!]!) { updateLeads(input: { items: $items }) { changedCount } }"
    items = [{"id": encode("Lead", id_), "notes": f"new {id_}"} for id_ in leads]
    monkeypatch.setattr(bulk_leads, "update_leads", one_by_one)
    ((code, path, field, message),) = await guarded.warnings(document, items=items)
    assert (code, path, field) == ("REPEATED_STATEMENT", "updateLeads", "Mutation.updateLeads")
    assert message.endswith(" ran 3 times. Read all keys in one statement.")


async def test_equal_mutations_after_each_other_have_no_warnings(guarded: Guarded, leads: list[int]) -> None:
    change = 'changeLeadStatus(input: {{ id: "{}", status: CONTACTED }}) {{ lead {{ mention {{ id }} }} }}'
    fields = (f"m{number}: {change.format(encode('Lead', id_))}" for number, id_ in enumerate(leads))
    assert await guarded.warnings(f"mutation {{ {' '.join(fields)} }}") == []


async def test_the_guard_warns_fails_or_is_silent(
    guarded: Guarded, leads: list[int], half_shown: None, caplog: pytest.LogCaptureFixture
) -> None:
    document = "{ leads { nodes { sameContact { __typename } } } }"
    warning = {
        "code": "UNUSED_ROWS",
        "message": "Read 6 rows of leads, of which 3 are not used. Read only what is shown.",
        "path": ["leads", "nodes", "sameContact"],
        "field": "Lead.sameContact",
    }
    data = {"leads": {"nodes": [{"sameContact": [{"__typename": "Lead"}]}] * 3}}

    assert await guarded.answer(document, "off") == {"data": data}
    assert "guard:" not in caplog.text
    with caplog.at_level(logging.WARNING, "leadgraph"):
        assert await guarded.answer(document, "warn") == {"data": data, "extensions": {"warnings": [warning]}}
    assert (
        "guard: UNUSED_ROWS at leads.nodes.sameContact (Lead.sameContact): Read 6 rows of leads"
        in caplog.text
    )
    refused = await guarded.answer(document, "fail")
    assert refused["extensions"] == {"warnings": [warning]}
    assert "data" not in refused
    assert refused["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert refused["errors"][0]["message"].startswith(
        "LEADGRAPH_GUARD=fail refuses wasteful reads. UNUSED_ROWS at"
    )


async def test_a_guard_that_warns_examines_a_sample(
    guarded: Guarded, leads: list[int], half_shown: None
) -> None:
    document = "{ leads { nodes { shown: sameContact { id } } } }"

    numbers = [len(await guarded.warnings(document)) for _ in range(41)]

    assert [turn for turn, number in enumerate(numbers, 1) if number] == [*range(1, 11), 20, 40]
