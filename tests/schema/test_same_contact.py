"""The hint of other leads with the same e-mail address."""

from typing import Any

from loaders.same_contact import MOST_SAME_CONTACT
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

LEADS = "{ leads(first: 100, orderBy: OLDEST) { nodes { id sameContact { id contactEmail } } } }"


async def leads(world: World, owner: str = "ann") -> list[int]:
    return sorted(row["id"] for row in await world.rows("leads", owner))


async def found(ask: Ask, viewer: str = "ann") -> dict[str, list[str]]:
    answer = await ask(LEADS, viewer=viewer)
    nodes: list[Any] = answer.data["leads"]["nodes"]
    return {
        node["id"]: [other["id"] for other in node["sameContact"]] for node in nodes if node["sameContact"]
    }


def encoded(*ids: int) -> list[str]:
    return [encode("Lead", id_) for id_ in ids]


async def test_leads_of_a_user_with_the_same_address_in_any_case_are_found_newest_first(
    ask: Ask, world: World
) -> None:
    first, second, third, fourth, *_ = await leads(world)
    (foreign, *_) = await leads(world, "ben")
    for id_, address in (
        (first, "Ada@Example.com"),
        (second, "ada@example.com"),
        (third, "ADA@EXAMPLE.COM"),
        (fourth, "ada+1@example.com"),
        (foreign, "ada@example.com"),
    ):
        await world.change("leads", id_, contact_email=address)
    await world.pool.execute(
        "UPDATE leads SET created_at = created_at + interval '1 day' WHERE id = $1", first
    )
    one, two, three = encoded(first, second, third)
    expected = {one: [three, two], two: [one, three], three: [one, two]}
    assert await found(ask) == expected
    assert await found(ask, "ben") == {}
    assert await found(ask, "olga") == expected


async def test_the_hint_shows_the_newest_leads_of_many(ask: Ask, world: World) -> None:
    keyword_id = await world.add_keyword("ann")
    for _ in range(MOST_SAME_CONTACT + 2):
        await world.add_lead(await world.add_mention(keyword_id), contact_email="a@example.com")
    ids = (await leads(world))[-MOST_SAME_CONTACT - 2 :]
    assert (await found(ask))[encode("Lead", ids[0])] == encoded(*ids[:1:-1])


async def test_the_hint_takes_one_statement_for_any_number_of_leads(ask: Ask, world: World) -> None:
    await world.pool.execute("UPDATE leads SET contact_email = 'a@example.com'")
    document = """
    query($first: Int!) {
      leads(first: $first) { nodes { sameContact { company mention { content } sameContact { id } } } }
    }
    """
    for first, statements in (
        (2, 2),
        (6, 1),
    ):  # six leads are all: the inner hints are those of the outer leads
        answer = await ask(document, first=first)
        assert answer.statements == [
            "leads page with mention",
            *["leads_same_contact with mention"] * statements,
        ]


async def test_a_key_without_the_scope_to_read_leads_gets_no_hint(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:leads")
    first, *_ = await leads(world)
    document = """
    mutation($id: ID!) { updateLead(input: { id: $id, company: "Acme" }) { lead { sameContact { id } } } }
    """
    answer = await ask(document, id=encode("Lead", first))
    assert answer.code == "FORBIDDEN"
    assert answer.error["extensions"]["requiredBy"] == {"read:leads": ["Lead.sameContact"]}
