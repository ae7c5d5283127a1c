"""The author of a write, which the triggers of the change feed store (`db.integrity.feed`).

The setting is transaction-local and sent with BEGIN, in one round trip. SQL without the setting has no author.
"""

from typing import Final, NamedTuple

AUTHOR: Final = "leadgraph.author"


class Author(NamedTuple):
    """The user who sent the write, the API key, and the request. A session of a browser has no key."""

    actor_id: int | None = None
    key_id: int | None = None
    request_id: str = ""
    computes: bool = False
    """Whether the transaction only computes derived columns again, which is no change."""


RECOMPUTATION: Final = Author(computes=True)


def signing(author: Author | None) -> tuple[str, ...]:
    """Return the commands that begin a transaction of the author, after BEGIN and in the same round trip."""
    if author is None:
        return ()
    request = "".join(author.request_id.split()).replace("\\", "\\\\").replace("'", "''").replace("\0", "")
    what = " derived" if author.computes else ""
    return (f"SET LOCAL {AUTHOR} = E'{author.actor_id or ''} {author.key_id or ''} {request}{what}'",)
