"""Objects of any type by their global ids."""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from db.models import Base
from loaders.rows import RowById
from resolvers.entities import ENTITIES
from resolvers.framework.context import Context
from resolvers.framework.errors import CallerError, ForbiddenError, UserInputError
from resolvers.framework.global_id import decode
from resolvers.framework.requires import Bound, requires
from services.figures.group_by import ask_by_group

MOST_IDS = 100

Found: TypeAlias = Base | CallerError | None


class Requested(NamedTuple):
    """A requested object, or the error of an invalid ID."""

    model: type[Base] | None = None
    number: int = 0
    error: CallerError | None = None


@requires()
async def node(parents: Sequence[None], context: Context, id: str) -> Sequence[Base | None]:  # noqa: A002 - the API's word
    model, number = decode(id)
    return [await context.load_one(RowById(model), number)] * len(parents)


@requires(loads=MOST_IDS, bound=Bound(most=len(ENTITIES)))
async def nodes(parents: Sequence[None], context: Context, ids: Sequence[str]) -> Sequence[Sequence[Found]]:
    """Return the objects in the order of the IDs. An ID that the caller may not use gives an error in its place."""
    if len(ids) > MOST_IDS:
        raise UserInputError(f"`ids` has {len(ids)} entries, but at most {MOST_IDS} are allowed.")
    return [await _objects(ids, context)] * len(parents)


async def _objects(ids: Sequence[str], context: Context) -> Sequence[Found]:
    """Load the objects with one statement per type."""

    async def load(model: type[Base] | None, some: Sequence[Requested]) -> Sequence[Found]:
        if model is None:
            return [requested.error for requested in some]
        try:
            return await context.load(RowById(model), [requested.number for requested in some])
        except ForbiddenError as forbidden:
            return [forbidden] * len(some)

    requested = [_requested(id_) for id_ in ids]
    models = {each.model for each in requested} - {None}
    context.expect_fewer(min(len(ids), len(ENTITIES)) - len(models))
    return await ask_by_group(requested, attrgetter("model"), load)


def _requested(text: str) -> Requested:
    try:
        return Requested(*decode(text))
    except UserInputError as invalid:
        return Requested(error=invalid)
