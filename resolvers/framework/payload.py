"""Payloads of mutations, and their stored form for repeated calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from db.engine.writer import Writer
from db.language.records import model_of
from db.language.scope import Scope
from db.models import Base
from db.statements import write_rows
from resolvers.entities import ENTITIES, OF_TYPENAME, entity_of
from services.rules.user_errors import UserError

_NOT_STORED = {"user_errors", "replayed"}
_TYPE, _ID = "type", "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The payload of a mutation. Its fields are rows, plain values, or lists of them.

    `replayed` says that an earlier call with the same idempotency key got this payload.
    """

    user_errors: Sequence[UserError] = ()
    replayed: bool = False

    @classmethod
    def not_stored(cls) -> frozenset[str]:
        """Return the names of the fields that are shown once, and are null in a repeated call."""
        return frozenset()

    def stored(self) -> dict[str, Any]:
        """Return the payload as JSON, without fields that have their default.

        A row is stored as type and id: a repeated call returns the row's current state.
        """
        omitted = _NOT_STORED | self.not_stored()
        values = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in omitted
        }
        defaults = {field.name: field.default for field in fields(self)}
        return {name: _stored(value) for name, value in values.items() if value != defaults[name]}

    @classmethod
    async def restored(cls, writer: Writer, scope: Scope, stored: Mapping[str, Any]) -> Self:
        """Return the stored payload. Rows deleted in the meantime are None."""
        return cls(
            replayed=True,
            **{name: await _restored(writer, scope, value) for name, value in stored.items()},
        )


def _stored(value: Any) -> Any:
    model = model_of(value, [entity.model for entity in ENTITIES if entity.has_id])
    return value if model is None else {_TYPE: entity_of(model).typename, _ID: value.id}


async def _restored(writer: Writer, scope: Scope, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    model: type[Base] = OF_TYPENAME[value[_TYPE]].model
    return await write_rows.read(writer, scope, model, value[_ID])
