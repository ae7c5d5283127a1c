"""Copies of a person's rows outside of these rows: files of exports, messages, stored responses and logs.

Each statement takes the IDs of the users whose rows are deleted, and of the operators who may have copies of them. The
statements about single words take the words, too. A name counts between characters that continue no word.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from db.engine.pool import Connection

SHORTEST_TEXT: Final = 8
"""The least length of a text that is searched for without regard to the characters around it."""
LONGEST_NAME: Final = 60
"""The greatest length of a name that is searched for between characters that continue no word. Longer ones are texts."""
_LONGEST_PATTERN: Final = 5000
"""The characters of one regular expression. The time to compile it grows with the square, and PostgreSQL has a limit."""

_OPERATORS: Final = """
SELECT user_id FROM exports WHERE everybody UNION SELECT user_id FROM webhooks WHERE everybody
UNION SELECT id FROM users WHERE role = 'operator'
"""
_HOLD_EXPORTS: Final = """
SELECT id FROM exports WHERE (user_id = ANY ($1) OR everybody) AND entity = ANY ('{mentions,leads}')
ORDER BY id FOR UPDATE
"""
_WORDS: Final = """
SELECT array_remove(array_agg(DISTINCT name), NULL) AS names, array_remove(array_agg(DISTINCT text), NULL) AS texts
FROM mentions LEFT JOIN leads ON leads.mention_id = mentions.id
CROSS JOIN LATERAL (VALUES
    (author, content), (external_id, title), (contact_name, url), (contact_handle, notes), (contact_email, NULL)
) AS word (name, text)
WHERE mentions.id = ANY ($1)
"""
_HAS_WORD: Final = """(
    {text} ~* ANY ($2::text[]) OR EXISTS (SELECT FROM unnest($3::text[]) AS word WHERE strpos({text}, word) > 0)
)"""
_HAS_JSON_WORD: Final = """(
    {text} ~* ANY ($2::text[]) OR EXISTS (SELECT FROM unnest($4::text[]) AS word WHERE strpos({text}, word) > 0)
)"""
_KEYS: Final = "(key || ' ' || response::text)"
_IN_KEYS: Final = (
    f"user_id = ANY ($1) AND cardinality($3::text[]) >= 0 AND {_HAS_JSON_WORD.format(text=_KEYS)}"
)
_IN_LOGS: Final = "user_id = ANY ($1) AND cardinality($4::text[]) >= 0 AND " + _HAS_WORD.format(
    text="(message || ' ' || coalesce(error_code, ''))"
)
_IN_EXPORTS: Final = "(user_id = ANY ($1) OR everybody) AND entity = ANY ('{mentions,leads}')"
_IN_DELIVERIES: Final = "user_id = ANY ($1) AND (payload IS NOT NULL OR response_excerpt IS NOT NULL)"


class Words(NamedTuple):
    """The words of rows: names as regular expressions, and texts as they are and as parts of JSON."""

    names: Sequence[str]
    texts: Sequence[str]
    json_texts: Sequence[str]


class Trace(NamedTuple):
    """Copies of rows in a table: a statement that returns their places, and one that erases them."""

    table: str
    finding: str
    erasing: str
    takes_words: bool


def _trace(table: str, condition: str, erase: str, *, takes_words: bool) -> Trace:
    find = f"SELECT tableoid || ' ' || ctid AS place FROM {table} WHERE {condition}"  # noqa: S608 - our own conditions
    return Trace(table, find, f"{erase} WHERE {condition}", takes_words)


TRACES: Final = (
    _trace("exports", _IN_EXPORTS, "DELETE FROM exports", takes_words=False),
    _trace(
        "webhook_deliveries",
        _IN_DELIVERIES,
        "UPDATE webhook_deliveries SET payload = NULL, response_excerpt = NULL",
        takes_words=False,
    ),
    _trace("idempotency_keys", _IN_KEYS, "DELETE FROM idempotency_keys", takes_words=True),
    _trace(
        "integration_logs",
        _IN_LOGS,
        "UPDATE integration_logs SET message = '', error_code = NULL",
        takes_words=True,
    ),
)
"""The places of copies, in the order of their locks."""


async def operators(connection: Connection) -> list[int]:
    """Return the IDs of the users who may have copies of rows of other users."""
    return [row["user_id"] for row in await connection.fetch(_OPERATORS)]


async def hold_exports(connection: Connection, user_ids: Sequence[int]) -> None:
    """Lock the exports with copies, after their current turns. A transaction does so before it locks users."""
    await connection.execute(_HOLD_EXPORTS, user_ids)


async def words_of(connection: Connection, mention_ids: Sequence[int]) -> Words:
    """Return the words by which copies of these mentions and of their leads are found."""
    row = await connection.fetchrow(_WORDS, mention_ids)
    assert row is not None  # noqa: S101 - an aggregate has a row
    return words(row["names"] or (), row["texts"] or ())


def words(names: Iterable[str], texts: Iterable[str]) -> Words:
    """Return the words of the names and texts. Short texts count as names, and long names as texts."""
    names, texts = list(names), list(texts)
    long = sorted(
        {name for name in names if len(name) > LONGEST_NAME}
        | {text for text in texts if len(text) >= SHORTEST_TEXT}
    )
    short = {name.strip().lstrip("@") for name in {*names, *texts}.difference(long)}
    composed = {unicodedata.normalize(form, name) for name in short - {""} for form in ("NFC", "NFD")} | (
        short - {""}
    )
    spelled = {form for name in composed for form in (name, _in_json(name))}
    return Words(_patterns(sorted(spelled)), long, [_in_json(text) for text in long])


def _patterns(names: Iterable[str]) -> list[str]:
    """Return regular expressions of bounded length that together match each of the names."""
    groups: list[list[str]] = []
    room = 0
    for name in map(_escaped, names):
        if len(name) > room:
            groups.append([])
            room = _LONGEST_PATTERN
        groups[-1].append(name)
        room -= len(name)
    return [f"(?<![[:alnum:]_])(?:{'|'.join(group)})(?![[:alnum:]_])" for group in groups]


async def places(
    connection: Connection, user_ids: Sequence[int], found: Words | None = None
) -> Mapping[str, set[str]]:
    """Return the places of copies by table, in the snapshot of the transaction.

    With words, these are the copies with one of them. Without, they are the copies that no word finds.
    """
    return {
        trace.table: {
            row["place"]
            for row in await connection.fetch(trace.finding, user_ids, *(found if found is not None else ()))
        }
        for trace in TRACES
        if trace.takes_words == (found is not None)
    }


async def erase(connection: Connection, user_ids: Sequence[int], found: Words) -> Mapping[str, int]:
    """Erase the copies, and return the number of changed rows by table."""
    return {
        trace.table: int(
            str(
                await connection.execute(trace.erasing, user_ids, *(found if trace.takes_words else ()))
            ).split()[-1]
        )
        for trace in TRACES
    }


def _escaped(name: str) -> str:
    return re.sub(r"([^\w\s]|_)", r"\\\1", name)


def _in_json(text: str) -> str:
    """Return the text as it stands in JSON, without the quotes around it."""
    return orjson.dumps(text).decode()[1:-1]
