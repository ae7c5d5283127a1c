"""Rows and counts of one turn of the event loop share a round trip."""

import asyncio
from collections.abc import Sequence
from typing import Any

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.keyset import NEWEST_FIRST, Count, PageBounds
from db.language.projection import Projection, Selected
from db.language.records import joined_rows
from db.language.scope import Scope
from db.language.shape import ToOne
from db.models import Keyword, Mention
from db.statements.counts import count
from db.statements.read_rows import page
from tests.support.world import World

KEYWORD = ToOne(Keyword, "keyword_id", "id", shared=True)


async def test_few_rows_of_one_turn_have_the_attributes_and_joins_of_their_shapes(
    pool: Pool, world: World
) -> None:
    await world.add_user("kit")
    await world.add_keywords("kit", keywords=2, mentions=2)
    first, second = sorted(row["keyword"] for row in await world.rows("keywords", "kit"))
    scope = Scope(world.users["kit"])
    selected = {
        Mention: Selected(frozenset({"content"}), frozenset({KEYWORD})),
        Keyword: Selected(frozenset({"keyword"})),
    }
    reader = Reader(pool, projection=Projection(selected))
    bounds = PageBounds(3)
    mentions, keywords, number = await asyncio.gather(
        page(reader, scope, Mention, NEWEST_FIRST, bounds),
        page(reader, scope, Keyword, NEWEST_FIRST, bounds, count=Count("keywords_count")),
        count(reader, scope, Mention, None, None),
    )
    assert reader.activity.statements == [
        "keywords page + mentions count + mentions page with keyword",
    ]
    assert number == {None: 4}
    assert [keyword.keyword for keyword in keywords] == [second, first]
    counted: Sequence[Any] = keywords
    assert counted[0][-1] == 2
    assert (len(mentions), mentions[0].content) == (4, "post 2")
    joined = joined_rows(mentions, KEYWORD)
    assert joined is not None
    assert [keyword.keyword for keyword in joined] == [second, first, second, first]
    alone: Sequence[Any] = await page(reader, scope, Mention, NEWEST_FIRST, bounds)
    together: Sequence[Any] = mentions
    assert list(map(tuple, alone)) == list(map(tuple, together))
    assert joined_rows([*alone, *together], KEYWORD) == [*joined, *joined]
    reader.close()


async def test_few_rows_count_the_characters_of_long_texts(pool: Pool, world: World) -> None:
    await world.add_user("kit")
    await world.add_keywords("kit", keywords=1, mentions=1)
    await world.pool.execute("UPDATE mentions SET content = 'twelve chars'")
    reader = Reader(pool)
    scope = Scope(world.users["kit"])
    await asyncio.gather(
        page(reader, scope, Mention, NEWEST_FIRST, PageBounds(3)), count(reader, scope, Mention, None, None)
    )
    assert len(reader.activity.statements) == 1
    assert reader.activity.longest_text == 12
    reader.close()
