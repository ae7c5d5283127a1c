"""Ordinary Strawberry resolvers, which take one object, share the batches of set-wise resolvers."""

from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry

from db import models
from loaders.rows import LeadByMention, RowById
from resolvers.entities import MENTION
from resolvers.framework.context import Context, Viewer
from resolvers.framework.relation import related
from resolvers.framework.requires import requires
from schema.fields import column, resolved_by
from schema.prepared.cache import ExecutorName, PreparedOperations
from schema.prepared.operation import PreparedOperation
from schema.resolver_types import Info
from schema.scalars import CONFIG
from services.accounts.api_key import READ_KEYWORDS, READ_LEADS, READ_MENTIONS

STATUS = "{ posts { id leadStatus } }"
IDS = "SELECT id FROM mentions WHERE user_id = $1 ORDER BY id"


@requires()
async def _posts(parents: Sequence[None], context: Context) -> Sequence[Sequence[Any]]:
    """Return the mentions that the test has put into the context."""
    rows = await context.load(RowById(models.Mention), context.ids)  # type: ignore[attr-defined]
    return [[row for row in rows if row is not None]] * len(parents)


@requires()
async def _ids(parents: Sequence[None], context: Context) -> Sequence[Sequence[Any]]:
    """Return objects with these ids, regardless of their owner."""
    return [[SimpleNamespace(id=id_) for id_ in context.ids]] * len(parents)  # type: ignore[attr-defined]


@strawberry.type(description="A lead.")
class Sale:
    status: str = column("The status of the lead.")


@strawberry.type(description="A mention.")
class Post:
    id: int = column("The id of the mention.")
    sale: Sale | None = resolved_by(related(MENTION, "lead"), description="The lead of the mention.")

    @strawberry.field
    async def lead_status(self, info: Info) -> str | None:
        lead = await info.context.dataloader(LeadByMention()).load(self.id)
        return None if lead is None else lead.status

    @strawberry.field
    async def words(self, info: Info) -> list[str]:
        mention: Any = self
        keywords = info.context.dataloader(RowById(models.Keyword))
        return [row.keyword for row in await keywords.load_many([mention.keyword_id] * 2) if row is not None]


@strawberry.type
class Query:
    posts: list[Post] = resolved_by(_posts, description="The mentions.")
    ids: list[Post] = resolved_by(_ids, description="Mentions of all users.")


DEFINITION = strawberry.Schema(query=Query, config=CONFIG)


def prepared_operations(executor: ExecutorName) -> PreparedOperations:
    return PreparedOperations(DEFINITION._schema, DEFINITION.execution_context_class, executor)


PREPARED = {"breadth": prepared_operations("breadth"), "reference": prepared_operations("reference")}
Ask = Callable[..., Awaitable[tuple[Any, list[str]]]]


@pytest.fixture(params=list(PREPARED))
def ask_posts(request: pytest.FixtureRequest, world: Any) -> Ask:
    async def ask(
        document: str,
        ids: Sequence[int],
        *,
        name: str = "ann",
        scopes: Sequence[str] = (READ_MENTIONS, READ_LEADS, READ_KEYWORDS),
    ) -> tuple[Any, list[str]]:
        viewer = Viewer(world.users[name], models.UserRole.MEMBER, scopes=frozenset(scopes))
        operation = PREPARED[request.param].get(document, None)
        assert isinstance(operation, PreparedOperation)
        assert (operation._plan is not None) == (request.param == "breadth")
        context: Any = Context(world.pool, viewer, "request", reads=operation.reads({}))
        context.ids = ids
        answer = await operation.execute({}, context)
        await context.close()
        return answer, list(context.statements)

    return ask


async def test_loads_of_all_objects_share_one_statement(ask_posts: Ask, world: Any) -> None:
    rows = await world.pool.fetch(
        "SELECT m.id, l.status FROM mentions AS m LEFT JOIN leads AS l ON l.mention_id = m.id "
        "WHERE m.user_id = $1 ORDER BY m.id",
        world.users["ann"],
    )
    answer, statements = await ask_posts(STATUS, [row["id"] for row in rows])
    assert answer.errors is None
    assert answer.data == {"posts": [{"id": row["id"], "leadStatus": row["status"]} for row in rows]}
    assert {row["status"] for row in rows} == {None, "qualified"}
    assert len(statements) == 2


async def test_loads_of_many_keys_per_object_share_one_statement(ask_posts: Ask, world: Any) -> None:
    rows = await world.pool.fetch(
        "SELECT m.id, k.keyword FROM mentions AS m JOIN keywords AS k ON k.id = m.keyword_id "
        "WHERE m.user_id = $1 ORDER BY m.id",
        world.users["ann"],
    )
    answer, statements = await ask_posts("{ posts { words } }", [row["id"] for row in rows])
    assert answer.data == {"posts": [{"words": [row["keyword"]] * 2} for row in rows]}
    assert len(statements) == 2


async def test_set_wise_resolvers_of_the_same_loader_add_no_statement(ask_posts: Ask, world: Any) -> None:
    ids = [row["id"] for row in await world.pool.fetch(IDS, world.users["ann"])]
    answer, statements = await ask_posts("{ posts { leadStatus sale { status } } }", ids)
    assert answer.errors is None
    assert all(post["leadStatus"] == (post["sale"] or {}).get("status") for post in answer.data["posts"])
    assert len(statements) == 2


async def test_rows_of_other_users_are_not_loaded(ask_posts: Ask, world: Any) -> None:
    ids = [row["id"] for row in await world.pool.fetch(IDS, world.users["ann"])]
    answer, statements = await ask_posts("{ ids { leadStatus } }", ids, name="ben")
    assert answer.errors is None
    assert answer.data == {"ids": [{"leadStatus": None}] * len(ids)}
    assert len(statements) == 1
    answer, _ = await ask_posts("{ ids { leadStatus } }", ids)
    assert {"leadStatus": "qualified"} in answer.data["ids"]


async def test_an_object_resolver_requires_the_scope_of_its_rows(ask_posts: Ask, world: Any) -> None:
    ids = [row["id"] for row in await world.pool.fetch(IDS, world.users["ann"])]
    answer, statements = await ask_posts(STATUS, ids, scopes=[READ_MENTIONS])
    assert {str(error.original_error) for error in answer.errors} == {
        "This API key lacks the scope `read:leads`."
    }
    assert all(post["leadStatus"] is None for post in answer.data["posts"])
    assert len(statements) == 1
