"""Rows as JSON Lines and CSV: other readers parse them, and spreadsheets run no formula."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import ExportFormat
from services.export.row_format import head, lines

NAMES = ["a", "b"]
AT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def cells(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode(), newline="")))


@pytest.mark.parametrize(
    ("value", "in_json", "in_csv"),
    [
        (None, None, ""),
        ("", "", ""),
        ("Größe", "Größe", "Größe"),
        ('a "b", c\r\nd', 'a "b", c\r\nd', 'a "b", c\r\nd'),
        (True, True, "true"),
        (-1.5, -1.5, "-1.5"),
        (2**31 - 1, 2**31 - 1, "2147483647"),
        (Decimal("12.50"), "12.50", "12.50"),
        (AT, "2026-01-31T12:00:00.123456+00:00", "2026-01-31T12:00:00.123456+00:00"),
        (["x", 'y"z'], ["x", 'y"z'], '["x","y\\"z"]'),
        ({"k": [1, None]}, {"k": [1, None]}, '{"k":[1,null]}'),
        ("=1+1", "=1+1", "'=1+1"),
        ("+49 30", "+49 30", "'+49 30"),
        ("-x", "-x", "'-x"),
        ("@ada", "@ada", "'@ada"),
        ("\tx", "\tx", "'\tx"),
        ("\rx", "\rx", "'\rx"),
        ("\n=x", "\n=x", "'\n=x"),
        ("\uff1d1+1", "\uff1d1+1", "'\uff1d1+1"),
        ("a=1", "a=1", "a=1"),
    ],
)
def test_values_are_encoded_per_format(value: Any, in_json: Any, in_csv: str) -> None:
    written = lines(ExportFormat.JSON_LINES, NAMES, [(value, 1)])
    assert json.loads(written) == {"a": in_json, "b": 1}
    assert cells(lines(ExportFormat.CSV, NAMES, [(value, 1)])) == [[in_csv, "1"]]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;b", '"a;b"'),
        ("a\tb", '"a\tb"'),
        ("a|b", '"a|b"'),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ("a\u2028b", '"a\u2028b"'),
        ("a\x85b", '"a\x85b"'),
        ("a\vb\fc", '"a\vb\fc"'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("\xa0a", '"\xa0a"'),
        ("a\u3000", '"a\u3000"'),
        ("a;=1+1", '"a;=1+1"'),
        ("=1;2", '"\'=1;2"'),
        ("a b", "a b"),
        ("it's", "it's"),
        ("", ""),
    ],
)
def test_texts_that_a_spreadsheet_could_split_are_quoted(text: str, written: str) -> None:
    assert lines(ExportFormat.CSV, NAMES, [(text, 1)]) == f"{written},1\r\n".encode()


def test_values_that_json_cannot_hold_are_null() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    for value in (deep, object(), {"a": 2**70}):
        assert lines(ExportFormat.JSON_LINES, NAMES, [(value, AT)]) == (
            b'{"a":null,"b":"2026-01-31T12:00:00.123456+00:00"}\n'
        )
        assert lines(ExportFormat.CSV, NAMES, [(value, 1)]) == b",1\r\n"


def test_a_row_of_one_empty_cell_is_no_empty_line() -> None:
    assert lines(ExportFormat.CSV, ["a"], [(None,), ("",), ("x",)]) == b'""\r\n""\r\nx\r\n'


def test_a_byte_order_mark_is_written_before_the_header() -> None:
    assert head(ExportFormat.CSV, NAMES, byte_order_mark=True) == b"\xef\xbb\xbfa,b\r\n"
    assert head(ExportFormat.JSON_LINES, NAMES, byte_order_mark=True) == b""


@given(st.lists(st.tuples(TEXTS, TEXTS | st.none())))
def test_texts_round_trip_through_both_formats(rows: list[tuple[str, str | None]]) -> None:
    written = lines(ExportFormat.JSON_LINES, NAMES, rows)
    assert [tuple(json.loads(line).values()) for line in written.splitlines()] == rows
    read = cells(head(ExportFormat.CSV, NAMES) + lines(ExportFormat.CSV, NAMES, rows))
    assert read[0] == NAMES
    assert [[cell.removeprefix("'") for cell in row] for row in read[1:]] == [
        [(cell or "").removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\n", "\r", "\uff1d")) for row in read for cell in row
    )


def test_only_csv_has_a_header() -> None:
    assert head(ExportFormat.CSV, ["id", "mention.url"]) == b"id,mention.url\r\n"
    assert head(ExportFormat.JSON_LINES, ["id", "mention.url"]) == b""
