"""The first tabs of GraphiQL: one per document in the folder `examples`, in the order of the file names.

The first line of a document is a comment with the title. A JSON file of the same name holds the variables.
"""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "examples"


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of GraphiQL. The title is shown as a comment above the query."""

    title: str
    query: str
    variables: dict[str, object] | None = None


def read_tab(document: Path) -> Tab:
    comment, _, query = document.read_text("utf-8").partition("\n")
    variables = document.with_suffix(".json")
    return Tab(
        comment.removeprefix("# "),
        query,
        json.loads(variables.read_text("utf-8")) if variables.exists() else None,
    )


EXAMPLES = tuple(map(read_tab, sorted(FOLDER.glob("*.graphql"))))
