"""The manifest of trusted documents, in the format of Apollo or of Relay."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from server.http.documents import Documents
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.rules.json_text import JsonTextError, parsed_exactly

VARIABLE: Final = "LEADGRAPH_TRUSTED_DOCUMENTS"
APOLLO: Final = "apollo-persisted-query-manifest"
MOST_BYTES: Final = 50_000_000


class ManifestError(ValueError):
    """The file is not a manifest."""


def open_documents(settings: Settings, own: Mapping[str, str] = MappingProxyType({})) -> Documents:
    """Return the documents that the settings name, and the server's own ones.

    Raise `CommandError` for a manifest that cannot be used.
    """
    path = settings.trusted_documents
    if path is None:
        if settings.documents != "open":
            raise CommandError(f"LEADGRAPH_DOCUMENTS={settings.documents} requires {VARIABLE}.")
        return Documents(own)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ManifestError(f"It must have at most {MOST_BYTES:,} bytes.")
        trusted = trusted_of(path.read_bytes())
    except (OSError, ManifestError) as error:
        raise CommandError(f"{VARIABLE} must name a manifest of Apollo or Relay. {path}: {error}") from error
    return Documents({**trusted, **own}, settings.documents)


def trusted_of(manifest: bytes) -> Mapping[str, str]:
    """Return the documents of a manifest by their IDs. Raise `ManifestError`."""
    try:
        found = parsed_exactly(manifest)
    except JsonTextError as error:
        raise ManifestError(f"It is not JSON: {error} (line {error.line}, column {error.column}).") from error
    if not isinstance(found, dict):
        raise ManifestError("It must be a JSON object.")
    return _of_apollo(found) if "operations" in found else _of_relay(found)


def _of_apollo(found: dict[str, Any]) -> Mapping[str, str]:
    if found.get("format") != APOLLO or found.get("version") != 1:
        raise ManifestError(f'It must have `"format": "{APOLLO}"` and `"version": 1`.')
    operations = found["operations"]
    if not isinstance(operations, list):
        raise ManifestError("`operations` must be a list.")
    return _texts((_field(each, "id"), _field(each, "body")) for each in operations)


def _of_relay(found: dict[str, Any]) -> Mapping[str, str]:
    return _texts(found.items())


def _field(operation: object, name: str) -> object:
    return operation.get(name) if isinstance(operation, dict) else None


def _texts(pairs: Any) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for key, text in pairs:
        if not isinstance(key, str) or not key or not isinstance(text, str) or not text.strip():
            raise ManifestError("Each document must have an ID and a text.")
        if texts.setdefault(key, text) != text:
            raise ManifestError(f"Two documents have the ID {key[:100]!r}.")
    return texts
