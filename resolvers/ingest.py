from functools import lru_cache

from db.models import Base
from resolvers.errors import UserInputError
from resolvers.identifier import row_id

_LONGEST_ID = 100


def read_id(text: str, model: type[Base]) -> int | None:
    """The row's id in an id of this API; None for a text that is no id of the model's rows."""
    return _read_id(text, model) if len(text) <= _LONGEST_ID else None


@lru_cache(maxsize=10_000)  # the rows of a stream name the same few keywords over and over
def _read_id(text: str, model: type[Base]) -> int | None:
    try:
        return row_id(text, model)
    except UserInputError:
        return None
