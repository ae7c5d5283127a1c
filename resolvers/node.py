"""Objects of any type by their global ids."""

import asyncio
from collections.abc import Sequence

from db.models import Base
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import decode
from resolvers.framework.requires import requires

MOST_IDS = 100


@requires()
async def node(parents: Sequence[None], context: Context, id: str) -> Sequence[Base | None]:  # noqa: A002 - the API's word
    (found,) = await _things([id], context)
    return [found] * len(parents)


@requires(loads=MOST_IDS)
async def nodes(
    parents: Sequence[None], context: Context, ids: Sequence[str]
) -> Sequence[Sequence[Base | None]]:
    if len(ids) > MOST_IDS:
        raise UserInputError(f"`ids` has {len(ids)} entries, but at most {MOST_IDS} are allowed.")
    return [await _things(ids, context)] * len(parents)


async def _things(ids: Sequence[str], context: Context) -> Sequence[Base | None]:
    """Load the objects with one statement per type."""
    keys = [decode(id_) for id_ in ids]
    by_model: dict[type[Base], list[int]] = {}
    for model, number in keys:
        by_model.setdefault(model, []).append(number)
    loads = [context.load(RowById(model), numbers) for model, numbers in by_model.items()]
    read = await asyncio.gather(*loads)
    found = {
        (model, number): row
        for (model, numbers), rows in zip(by_model.items(), read, strict=True)
        for number, row in zip(numbers, rows, strict=True)
    }
    return [found[key] for key in keys]
