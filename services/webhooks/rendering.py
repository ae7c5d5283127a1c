"""The payloads of messages. The schema renders their objects, and this module knows their form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from services.accounts.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Subject:
    """The row that an event is about."""

    entity: str
    row_id: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """The object of a message, or the result of its stored document. `errors` are those of the document."""

    values: Mapping[str, Any] | None
    errors: Sequence[str] = ()


class Rendering(Protocol):
    """Renders objects in the name of a viewer."""

    async def problem_of(self, document: str, viewer: Viewer) -> str | None:
        """Return the reason why the document cannot be the payload of a webhook of the viewer, or None."""
        ...

    def global_id(self, subject: Subject) -> str:
        """Return the global ID of the row."""
        ...

    def changed_fields(self, entity: str, columns: Iterable[str]) -> list[str]:
        """Return the names of the fields that changed with the columns, as the change feed names them."""
        ...

    async def objects(self, viewer: Viewer, subjects: Sequence[Subject]) -> Sequence[Rendered]:
        """Return the main fields of each row. A row that does not exist or is not visible has no values."""
        ...

    async def result(self, viewer: Viewer, document: str, subject: Subject) -> Rendered:
        """Return the result of a stored document for the row."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """An event as its payload shows it. `is_custom` says that a stored document made the result.

    `changed` are the names of the fields that an update changed, and None for other events.
    """

    event_type: str
    occurred_at: datetime
    global_id: str
    changed: list[str] | None
    rendered: Rendered
    is_custom: bool = False

    def payload(self) -> str:
        """Return the body of the message: the type, the time, and the data of the event."""
        data: dict[str, Any] = {
            "id": self.global_id,
            "kind": self.event_type.rpartition(".")[2].upper(),
            "changedFields": self.changed,
            "result" if self.is_custom else "object": self.rendered.values,
        }
        if self.rendered.errors:
            data["errors"] = list(self.rendered.errors)
        at = self.occurred_at.astimezone(UTC).isoformat()
        return orjson.dumps({"type": self.event_type, "timestamp": at, "data": data}).decode()
