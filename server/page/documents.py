"""The documents that the page sends. Their text is compiled from its sources (`python -m web.documents`)."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "documents"


@cache
def page_documents() -> Mapping[str, str]:
    """Return the texts of the page's documents by their hashes."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.json")):
        found |= json.loads(path.read_text("utf-8"))
    return found
