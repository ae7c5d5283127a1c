"""What a mutation answers, and how that is kept for calls that come again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from db.engine.writer import Writer
from db.language.records import model_of
from db.language.scope import Scope
from db.models import Base
from db.statements import write_rows
from resolvers.framework.global_id import MODELS, TYPENAMES
from services.rules.user_errors import UserError

_NOT_STORED = {"user_errors", "replayed"}
_TAG, _ID = "type", "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The answer of a mutation. Its fields are rows, plain values, or lists of them.

    `replayed` says that it was given before, to a call with the same idempotency key.
    """

    user_errors: Sequence[UserError] = ()
    replayed: bool = False

    def stored(self) -> dict[str, Any]:
        """The answer as JSON: of a row stands only which one it is, for whoever asks again sees it as it is then."""
        return {
            field.name: _stored(getattr(self, field.name))
            for field in fields(self)
            if field.name not in _NOT_STORED
        }

    @classmethod
    async def restored(cls, writer: Writer, scope: Scope, stored: Mapping[str, Any]) -> Self:
        """The answer again. A row that is gone by now is None."""
        return cls(
            replayed=True,
            **{name: await _restored(writer, scope, value) for name, value in stored.items()},
        )


def _stored(value: Any) -> Any:
    model = model_of(value, TYPENAMES)
    return value if model is None else {_TAG: TYPENAMES[model], _ID: value.id}


async def _restored(writer: Writer, scope: Scope, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    model: type[Base] = MODELS[value[_TAG]]
    return await write_rows.read(writer, scope, model, value[_ID])
