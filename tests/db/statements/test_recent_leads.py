"""The newest leads come as JSON, with exactly the values of their rows."""

from decimal import Decimal

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.json_items import UnreadableJson
from db.language.scope import Scope
from db.language.shape import columns
from db.models import Base, Keyword, Lead, Mention
from db.statements import read_rows, recent_leads
from tests.support.world import World

CHANGES = """
UPDATE leads SET value = 12345678901.20, currency = 'EUR', tags = '{"a,b","c\\"d"}', notes = E'"quoted" \\\\ \\u2028 \\t é 😀',
    created_at = '2026-02-28 23:59:59.999999+00', score_breakdown = '{"a": [1.5, null, "x"]}'
"""


async def test_a_recent_lead_has_the_values_of_its_rows(pool: Pool) -> None:
    world = World(pool)
    ann = await world.add_user("ann")
    await world.add_lead(await world.add_mention(await world.add_keyword("ann")))
    await pool.execute(CHANGES)
    reader, scope = Reader(pool), Scope(ann)

    (found,) = (await recent_leads.recent_leads(reader, scope, [ann], 5))[ann]

    assert found.lead.value == Decimal("12345678901.20")
    assert found.lead.score_breakdown == {"a": [1.5, None, "x"]}
    for model, snapshot in ((Lead, found.lead), (Mention, found.mention), (Keyword, found.keyword)):
        (row,) = await read_rows.by(reader, scope, model, "id", [snapshot.id])
        assert _values(model, snapshot) == _values(model, row)
    reader.close()


async def test_a_json_value_that_python_cannot_hold_leaves_the_other_values(pool: Pool) -> None:
    world = World(pool)
    ann = await world.add_user("ann")
    await world.add_lead(await world.add_mention(await world.add_keyword("ann")))
    await pool.execute("""UPDATE leads SET score_breakdown = '{"a": 1e400}', company = 'ACME'""")
    reader = Reader(pool)

    (found,) = (await recent_leads.recent_leads(reader, Scope(ann), [ann], 5))[ann]

    breakdown: object = found.lead.score_breakdown
    assert isinstance(breakdown, UnreadableJson)
    assert found.lead.company == "ACME"
    assert await recent_leads.recent_leads(reader, Scope(ann + 1), [ann], 5) == {}
    reader.close()


def _values(model: type[Base], row: object) -> list[tuple[str, type, object]]:
    names = [column.name for column in columns(model)]
    return [(name, type(getattr(row, name)), getattr(row, name)) for name in names]
