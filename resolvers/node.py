"""Objects of any type by their global ids."""

from collections.abc import Sequence
from operator import itemgetter

from db.models import Base
from loaders.rows import RowById
from resolvers.entities import ENTITIES
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import decode
from resolvers.framework.requires import Bound, requires
from services.figures.group_by import ask_by_group

MOST_IDS = 100


@requires()
async def node(parents: Sequence[None], context: Context, id: str) -> Sequence[Base | None]:  # noqa: A002 - the API's word
    (found,) = await _things([id], context)
    return [found] * len(parents)


@requires(loads=MOST_IDS, bound=Bound(most=len(ENTITIES)))
async def nodes(
    parents: Sequence[None], context: Context, ids: Sequence[str]
) -> Sequence[Sequence[Base | None]]:
    if len(ids) > MOST_IDS:
        raise UserInputError(f"`ids` has {len(ids)} entries, but at most {MOST_IDS} are allowed.")
    return [await _things(ids, context)] * len(parents)


async def _things(ids: Sequence[str], context: Context) -> Sequence[Base | None]:
    """Load the objects with one statement per type."""
    return await ask_by_group(
        [decode(id_) for id_ in ids],
        itemgetter(0),
        lambda model, keys: context.load(RowById(model), [number for _, number in keys]),
    )
