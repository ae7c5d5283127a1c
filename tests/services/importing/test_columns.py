import gzip
import json
import os
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from services.importing.columns import FileFormat, ImportOptions, PostFile, open_posts
from services.importing.dates import DateOrder
from services.importing.names import ALL_COLUMNS, ColumnOptions
from services.importing.parse_lines import DamagedFileError, RejectedRow, UnusableFileError
from services.importing.post_rows import LongTexts, PostRow

PLACEHOLDER = "A program wrote this in place of a value, so it identifies no post. Name another column with --column id=NAME."
SCIENTIFIC = (
    "A spreadsheet wrote this number and dropped its last digits, so it identifies no post. "
    "Export the IDs as text, or name another column with --column id=NAME."
)
UNREADABLE_DATE = "Must be a date such as 2026-01-31T12:00:00Z, 31 Jan 2026 12:00, 1/31/2026 or Unix time."
NO_COUNT = "Must be a number such as 1234, 1,234 or 1.2K."
HEADER = "id,title,url,num_points,num_comments,author,created_at\n"
ROW = "7,Hello,http://example.com/,1,2,ann,8/4/2016 11:52\n"
DEFAULTS = ImportOptions()
REAL_FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hacker_news.csv"


def write(folder: Path, content: str | bytes, name: str = "posts.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    path: Path,
    platform: Platform = Platform.HACKERNEWS,
    *,
    columns: ColumnOptions = ALL_COLUMNS,
    file_format: FileFormat | None = None,
    zone: str = "UTC",
    order: DateOrder | None = None,
    long_texts: LongTexts = LongTexts.CUT,
) -> list[PostRow | RejectedRow]:
    return read_with_report(
        path, platform, ImportOptions(columns, file_format, ZoneInfo(zone), order, long_texts)
    )[0]


def read_with_report(
    path: Path, platform: Platform = Platform.HACKERNEWS, options: ImportOptions = DEFAULTS
) -> tuple[list[PostRow | RejectedRow], PostFile]:
    with open_posts(path, platform, options) as posts:
        return list(posts), posts


def posts_of(rows: Sequence[PostRow | RejectedRow]) -> list[NewPost]:
    """Return the posts. Fail if a row was rejected."""
    assert [row for row in rows if isinstance(row, RejectedRow)] == []
    return [row.post for row in rows if isinstance(row, PostRow)]


def read_until_damage(path: Path) -> tuple[list[PostRow | RejectedRow], int, str]:
    rows: list[PostRow | RejectedRow] = []
    with pytest.raises(DamagedFileError) as caught, open_posts(path, Platform.HACKERNEWS) as posts:
        rows.extend(posts)
    return rows, caught.value.line, caught.value.reason


def ids(rows: Sequence[PostRow | RejectedRow]) -> list[str]:
    return [row.post.external_id if isinstance(row, PostRow) else f"rejected {row.line}" for row in rows]


def test_a_csv_row_becomes_a_post(tmp_path: Path) -> None:
    assert read(write(tmp_path, HEADER + ROW), zone="America/New_York") == [
        PostRow(
            line=2,
            post=NewPost(
                platform=Platform.HACKERNEWS,
                external_id="7",
                kind=MentionKind.POST,
                url="http://example.com/",
                title="Hello",
                content="Hello",
                author="ann",
                language=None,
                likes=1,
                comments=2,
                published_at=datetime(2016, 8, 4, 15, 52, tzinfo=UTC),
            ),
        )
    ]


def test_a_json_object_becomes_a_post(tmp_path: Path) -> None:
    line = {"id": 7, "subject": " Hi ", "selftext": "a\nb", "score": 3.0, "date": 1470325920, "by": None}
    assert read(write(tmp_path, "\n" + json.dumps(line) + "\n \n", "posts.jsonl")) == [
        PostRow(
            line=2,
            post=NewPost(
                platform=Platform.HACKERNEWS,
                external_id="7",
                kind=MentionKind.POST,
                url="https://news.ycombinator.com/item?id=7",
                title="Hi",
                content="a\nb",
                author="",
                language=None,
                likes=3,
                comments=None,
                published_at=datetime(2016, 8, 4, 15, 52, tzinfo=UTC),
            ),
        )
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_dialects_are_detected(tmp_path: Path, delimiter: str, line_end: str, mark: str) -> None:
    rows = [["ID", "Title", "Num Points"], ["1", '"a, b; ""c""\td|"', "5"], ["2", "x", ""]]
    text = mark + "".join(delimiter.join(row) + line_end for row in rows)
    posts = [row.post for row in read(write(tmp_path, text)) if isinstance(row, PostRow)]
    assert [(post.external_id, post.title, post.likes) for post in posts] == [
        ("1", 'a, b; "c"\td|', 5),
        ("2", "x", None),
    ]


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    text = 'id,title\n1,"two\nlines"\n\n2\n3,"three\r\nmore\n\nlines",x\n4,ok\n'
    assert read(write(tmp_path, text))[1:3] == [
        RejectedRow(5, "the header has 2 fields, but this row has 1"),
        RejectedRow(6, "the header has 2 fields, but this row (up to line 9) has 3"),
    ]
    assert [row.line for row in read(write(tmp_path, text))] == [2, 5, 6, 10]


def test_an_unclosed_quotation_mark_rejects_one_row(tmp_path: Path) -> None:
    text = 'id,title\n1,"open\n2,fine\n3,fine\n4,"quoted, fine"\n5,"also "bad" here"\n6,"last\nrow"\n'
    rows = read(write(tmp_path, text))
    assert ids(rows) == ["rejected 2", "2", "3", "4", "rejected 6", "6"]
    assert rows[0] == RejectedRow(
        2, "the quotation marks do not pair up, or a carriage return lacks its line feed"
    )


def test_a_quotation_mark_never_closed_rejects_one_row(tmp_path: Path) -> None:
    rows = read(write(tmp_path, HEADER + ROW + '8,"open\n' + ROW * 3))
    assert ids(rows) == ["7", "rejected 3", "7", "7", "7"]
    assert rows[1] == RejectedRow(3, "a quotation mark opens here and is never closed")


def test_an_unclosed_quotation_mark_reads_a_bounded_number_of_characters(tmp_path: Path) -> None:
    text = HEADER + ROW + '8,"open\n' + ROW * 40_000 + '9,"x"\n'
    rows = read(write(tmp_path, text))
    assert len(rows) == 40_003
    assert rows[1] == RejectedRow(
        3, "a quotation mark opens here and is not closed within 1,000,000 characters"
    )
    assert [row for row in rows[2:] if isinstance(row, RejectedRow)] == [
        RejectedRow(40_004, "the header has 7 fields, but this row has 2")
    ]


@pytest.mark.parametrize(("ending", "good"), [("csv", ROW), ("jsonl", '{"id": 7, "title": "x"}\n')])
def test_an_overlong_line_rejects_one_row(tmp_path: Path, ending: str, good: str) -> None:
    text = (HEADER if ending == "csv" else good) + good + "8," + "x" * 2_500_000 + "\n" + good
    rows = read(write(tmp_path, text, f"posts.{ending}"))
    assert rows[-2] == RejectedRow(3, "the line is longer than 1,000,000 bytes")
    assert ids(rows)[-3:] == ["7", "rejected 3", "7"]


def test_an_overlong_field_rejects_one_row(tmp_path: Path) -> None:
    text = 'id,text\n1,"' + "long\n" * 100_000 + '"\n2,' + "x" * 900_000 + "\n3,ok\n"
    rows = read(write(tmp_path, text), long_texts=LongTexts.REJECT)
    assert ids(rows) == ["rejected 2", "rejected 100003", "3"]
    assert rows[1] == RejectedRow(
        100_003,
        'content "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": Must have at most 20,000 characters, but has 900,000.',
    )


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"8,caf\xe9,,,,,\n", "byte 6 of the line is not UTF-8. Save the file as UTF-8"),
        (b"8,a\0b,,,,,\n", "byte 4 of the line is NUL, so it is not text"),
    ],
)
def test_bytes_that_are_not_text_reject_one_row(tmp_path: Path, damage: bytes, reason: str) -> None:
    rows = read(write(tmp_path, (HEADER + ROW).encode() + damage + ROW.encode()))
    assert rows[1] == RejectedRow(3, reason)
    assert ids(rows) == ["7", "rejected 3", "7"]


def test_a_damaged_line_inside_a_quoted_text_rejects_its_row(tmp_path: Path) -> None:
    content = b'id,title\n1,"a\nb\xff\nc"\n2,x\n'
    rows = read(write(tmp_path, content))
    assert rows[0] == RejectedRow(2, "line 3: byte 2 of the line is not UTF-8. Save the file as UTF-8")
    assert ids(rows) == ["rejected 2", "2"]


@pytest.mark.parametrize("place", [1, 51])
def test_a_damaged_json_line_is_rejected_at_its_line(tmp_path: Path, place: int) -> None:
    lines = [b'{"id": "1", "title": "x"}\n'] * 60
    lines[place - 1] = b"\xff\n"
    rows = read(write(tmp_path, b"".join(lines), "posts.jsonl"))
    assert [row for row in rows if isinstance(row, RejectedRow)] == [
        RejectedRow(place, "byte 1 of the line is not UTF-8. Save the file as UTF-8")
    ]
    assert len(rows) == 60


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (
            b"id,title\r1,a\r\n2,b\r",
            1,
            "the header is invalid: the quotation marks do not pair up, or a carriage return lacks its line feed",
        ),
        (b'id,"title\n1,a\n', 1, "the header is invalid: a quotation mark opens here and is never closed"),
    ],
)
def test_damage_before_the_first_post_is_raised_at_once(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    rows, at, said = read_until_damage(write(tmp_path, content))
    assert (rows, at, said) == ([], line, reason)


def test_gzip_files_are_detected_by_content(tmp_path: Path) -> None:
    content = gzip.compress((HEADER + ROW).encode())
    assert ids(read(write(tmp_path, content, "posts.csv.gz"))) == ["7"]
    assert ids(read(write(tmp_path, content, "posts.csv"))) == ["7"]


def test_a_truncated_gzip_file_is_damaged(tmp_path: Path) -> None:
    rows = "".join(f"{number},{os.urandom(40).hex()},,,,,\n" for number in range(2000))
    content = gzip.compress((HEADER + rows).encode())
    found, line, reason = read_until_damage(write(tmp_path, content[: len(content) // 2]))
    assert 0 < len(found) < 2000
    assert line == len(found) + 2
    assert reason == (
        "the rest of the file cannot be read: Compressed file ended before the end-of-stream marker was reached"
    )
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    assert read_until_damage(write(tmp_path, bytes(flipped)))[2].startswith(
        "the rest of the file cannot be read: "
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,x,,,,", "the header has 7 fields, but this row has 6"),
        ("1,x,,,,,,", "the header has 7 fields, but this row has 8"),
        (" ,x,,,,,", "id: Required."),
        ("1, ,,,,,", "content: Required, unless there is a title."),
        (f"{'1' * 501},x,,,,,", 'id "1111111111111111111111111111111111111111…": Must have at most 500 characters, but has 501.'),
        ("7.91557E+17,x,,,,,", f'id "7.91557E+17": {SCIENTIFIC}'),
        ("791557233689870336.0,x,,,,,", f'id "791557233689870336.0": {SCIENTIFIC}'),
        ('"7,91557E+17",x,,,,,', f'id "7,91557E+17": {SCIENTIFIC}'),
        ("########,x,,,,,", f'id "########": {PLACEHOLDER}'),
        ("#NUM!,x,,,,,", f'id "#NUM!": {PLACEHOLDER}'),
        ("N/A,x,,,,,", f'id "N/A": {PLACEHOLDER}'),
    ],
)  # fmt: skip
def test_an_invalid_csv_row_is_rejected_with_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    rows = read(write(tmp_path, HEADER + ROW + row + "\n" + ROW))
    assert rows[1] == RejectedRow(3, reason)
    assert ids(rows) == ["7", "rejected 3", "7"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "title": "x"', "not JSON: it ends too early (column 23)"),
        ("[1]", "JSON, but not an object"),
        ('{"id": 1, "title": "\\ud800"}', "not JSON: a surrogate is unpaired (column 21)"),
        ('{"id": true, "title": "x"}', 'id "True": Must be a string.'),
        ('{"id": 123456789012345678901234567890, "title": "x"}', f'id "1.2345678901234568e+29": {SCIENTIFIC}'),
        ('{"id": 1, "content": "a\\u0000b"}', "content 'a\\x00b': Must not contain NUL or unpaired surrogate characters."),
        ('{"id": 1, "title": {"a": 1}}', "title \"{'a': 1}\": Must be a string."),
        ('{"b": 1}', 'id: Required. Name its column with --column id=NAME; the row has "b".'),
        ('{"id": 1, "b": 1}', 'content: Required, unless there is a title. Name its column with --column text=NAME; the row has "id", "b".'),
        ("{}", "id: Required."),
    ],
)  # fmt: skip
def test_an_invalid_json_line_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    good = '{"id": "1", "title": "x", "points": null, "date": ""}\n'
    rows = read(write(tmp_path, good + line + "\n" + good, "posts.ndjson"))
    assert rows[1] == RejectedRow(2, reason)
    assert ids(rows) == ["1", "rejected 2", "1"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2016-08-04T11:52:00Z", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("2016-08-04 11:52:00 UTC", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("2016-08-04T11:52+02:00", datetime(2016, 8, 4, 9, 52, tzinfo=UTC)),
        ("2016-08-04 11:52", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("2016-08-04", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        ("20160804", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        ("1/26/2016 19:30", datetime(2016, 1, 27, 0, 30, tzinfo=UTC)),
        ("1/26/2016 19:30:05", datetime(2016, 1, 27, 0, 30, 5, tzinfo=UTC)),
        ("1470325920", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("1470325920.5", datetime(2016, 8, 4, 15, 52, 0, 500_000, tzinfo=UTC)),
        ("1470325920123", datetime(2016, 8, 4, 15, 52, 0, 123_000, tzinfo=UTC)),
        ("8/4/2016 11:52 PM", datetime(2016, 8, 5, 3, 52, tzinfo=UTC)),
        ("4.8.2016 11:52", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("2016/8/4", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        ("2016-08-04 11:52:00 +0000", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("2016-08-04 11:52:00 +0000 UTC", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("2016-08-04T11:52:00.123456789Z", datetime(2016, 8, 4, 11, 52, 0, 123_456, tzinfo=UTC)),
        ("2016-08-04T11:52:00.000+0530", datetime(2016, 8, 4, 6, 22, tzinfo=UTC)),
        ("2016-08-04 11:52:00 EST", datetime(2016, 8, 4, 16, 52, tzinfo=UTC)),
        ("2016-08-04T11:52:00+02:00[Europe/Berlin]", datetime(2016, 8, 4, 9, 52, tzinfo=UTC)),
        ("20160804T115200Z", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("Thu Aug 04 11:52:00 +0000 2016", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("Thu Aug 04 11:52:00 PDT 2016", datetime(2016, 8, 4, 18, 52, tzinfo=UTC)),
        ('"Thu, 04 Aug 2016 11:52:00 GMT"', datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("4 Aug 2016 11:52:00 -0400", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ('"August 4th, 2016 at 11:52 am"', datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("04-Aug-2016", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        (
            "Thu Aug 04 2016 11:52:00 GMT+0200 (Central European Summer Time)",
            datetime(2016, 8, 4, 9, 52, tzinfo=UTC),
        ),
        ("2016080411", datetime(2016, 8, 4, 15, 0, tzinfo=UTC)),
        ("201608041152", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("20160804115205", datetime(2016, 8, 4, 15, 52, 5, tzinfo=UTC)),
        ("1470325920123456", datetime(2016, 8, 4, 15, 52, 0, 123_456, tzinfo=UTC)),
        ("1470325920.0", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("1999999999", datetime(2033, 5, 18, 3, 33, 19, tzinfo=UTC)),
        ("946684800000", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2016-08-04 11:52:00+00", datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("2016-08-04T11:52:00-07", datetime(2016, 8, 4, 18, 52, tzinfo=UTC)),
        ("2016-08-04T11:52:00[Europe/Berlin]", datetime(2016, 8, 4, 9, 52, tzinfo=UTC)),
        ("2016-08-04 11.52", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("26/1/2016 19h30", datetime(2016, 1, 27, 0, 30, tzinfo=UTC)),
        ('"8/26/2016, 11:52:00\u202fPM"', datetime(2016, 8, 27, 3, 52, tzinfo=UTC)),
        ('"\u200e8\u200e/\u200e26\u200e/\u200e2016"', datetime(2016, 8, 26, 4, 0, tzinfo=UTC)),
        ("4. August 2016 11:52 Uhr", datetime(2016, 8, 4, 15, 52, tzinfo=UTC)),
        ("4 août 2016", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        ("4 de agosto de 2016", datetime(2016, 8, 4, 4, 0, tzinfo=UTC)),
        ('"Thu, 04 Aug 16 11:52:00 GMT"', datetime(2016, 8, 4, 11, 52, tzinfo=UTC)),
        ("", None),
    ],
)
def test_times_are_read_in_all_supported_formats(
    tmp_path: Path, written: str, meant: datetime | None
) -> None:
    (row,) = read(write(tmp_path, f"id,title,time\n1,x,{written}\n"), zone="America/New_York")
    assert isinstance(row, PostRow)
    assert row.post.published_at == meant


def test_a_missing_url_is_derived_from_the_platform_or_id(tmp_path: Path) -> None:
    path = write(tmp_path, "id,title,url\na b/1,x,\nhttps://example.com/1,y,\n2,z,HTTPS://Example.com\n")
    assert [row.post.url if isinstance(row, PostRow) else row.reason for row in read(path)] == [
        "https://news.ycombinator.com/item?id=a%20b%2F1",
        "https://news.ycombinator.com/item?id=https%3A%2F%2Fexample.com%2F1",
        "HTTPS://Example.com",
    ]
    assert [
        row.post.url if isinstance(row, PostRow) else row.reason for row in read(path, Platform.REDDIT)
    ] == [
        "url: Required for posts of reddit.",
        "https://example.com/1",
        "HTTPS://Example.com",
    ]


def test_columns_can_be_named(tmp_path: Path) -> None:
    text = "id,key,title,what,where,who,when,ups,answers\n1,k,t,w,http://x.example,ann,2016-01-01,3,4\n"
    named = {
        "id": ["KEY"],
        "content": ["what"],
        "url": ["where"],
        "author": ["who"],
        "published": ["when"],
        "comments": ["answers"],
    }
    assert read(write(tmp_path, text), columns=ColumnOptions(named)) == [
        PostRow(
            2,
            NewPost(
                Platform.HACKERNEWS,
                "k",
                MentionKind.POST,
                "http://x.example",
                "t",
                "w",
                "ann",
                None,
                3,
                4,
                datetime(2016, 1, 1, tzinfo=UTC),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("content", "name", "columns", "sentence"),
    [
        ("a,title\n", "p.csv", ALL_COLUMNS, 'The ID column is unknown. Name it with --column id=NAME; the file has "a", "title".'),
        ("id,b\n", "p.csv", ALL_COLUMNS, 'The text column is unknown. Name it with --column text=NAME; the file has "id", "b".'),
        ("id,title\n", "p.csv", ColumnOptions({"likes": ["hearts"]}), 'The column "hearts" of --column likes=hearts does not exist; the file has "id", "title".'),
        ("id,Title,title \n", "p.csv", ALL_COLUMNS, 'The columns 2 and 3 have the same name "title". Rename one of them in the header, or drop both with --ignore.'),
        ("hello\n", "p.jsonl", ALL_COLUMNS, "The file lacks a JSON object in its first lines. JSON Lines must have one object per line."),
        ("\n\n", "p.csv", ALL_COLUMNS, "The file lacks a header. Its first line must name the columns."),
        ("id,title\n", "posts.xlsx", ALL_COLUMNS, "The file name posts.xlsx does not tell the format. Add --format csv or --format jsonl."),
    ],
)  # fmt: skip
def test_an_unusable_file_raises_a_message(
    tmp_path: Path, content: str, name: str, columns: ColumnOptions, sentence: str
) -> None:
    with pytest.raises(UnusableFileError) as refused:
        read(write(tmp_path, content, name), columns=columns)
    assert str(refused.value) == sentence


def test_a_file_that_cannot_be_opened_raises_a_message(tmp_path: Path) -> None:
    empty, folder, missing = write(tmp_path, ""), tmp_path / "folder.csv", tmp_path / "missing.csv"
    folder.mkdir()
    for path, sentence in [
        (empty, f"{empty} is empty."),
        (write(tmp_path, gzip.compress(b""), "empty.csv.gz"), f"{tmp_path / 'empty.csv.gz'} is empty."),
        (folder, f"{folder} is a directory. Name a file of posts."),
        (missing, f"The file {missing} does not exist."),
    ]:
        with pytest.raises(UnusableFileError) as refused:
            read(path)
        assert str(refused.value) == sentence


def test_a_header_alone_has_no_posts(tmp_path: Path) -> None:
    assert read(write(tmp_path, "id,title")) == []


def test_the_format_can_be_named(tmp_path: Path) -> None:
    assert ids(read(write(tmp_path, HEADER + ROW, "posts"), file_format=FileFormat.CSV)) == ["7"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_give_rows_or_damage(tmp_path: Path, content: bytes, ending: str) -> None:
    start = HEADER + ROW if ending == "csv" else '{"id": "7", "title": "x"}\n'
    path = write(tmp_path, start.encode() + content, f"posts.{ending}")
    rows: list[PostRow | RejectedRow] = []
    try:
        with open_posts(path, Platform.HACKERNEWS) as posts:
            rows.extend(posts)
    except DamagedFileError as damage:
        assert damage.line >= len(rows)  # noqa: PT017 - both ends are right
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))


CSV_TEXT = st.text(st.sampled_from('ab",\n'), max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CSV_TEXT)
def test_every_csv_line_is_reported_at_most_once(tmp_path: Path, text: str) -> None:
    rows: list[PostRow | RejectedRow] = []
    try:
        with open_posts(write(tmp_path, "id,title\n" + text), Platform.HACKERNEWS) as posts:
            rows.extend(posts)
    except DamagedFileError as damage:
        assert all(row.line < damage.line for row in rows)  # noqa: PT017 - both ends are right
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    row = f"7,{'x' * 990},,,,,\n" if ending == "csv" else '{"id": 7, "title": "' + "x" * 990 + '"}\n'
    path = write(tmp_path, (HEADER if ending == "csv" else "") + row * 20_000, f"posts.{ending}")
    tracemalloc.start()
    try:
        with open_posts(path, Platform.HACKERNEWS) as posts:
            assert sum(1 for _ in posts) == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 19_000_000
    assert peak < 2_000_000


@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real sample lies outside the project")
def test_every_row_of_the_real_file_is_a_post() -> None:
    with open_posts(
        REAL_FILE, Platform.HACKERNEWS, ImportOptions(zone=ZoneInfo("America/New_York"))
    ) as posts:
        rows = [row for row in posts if isinstance(row, PostRow)]
        assert posts.bytes_read == posts.size_bytes
    assert len(rows) == 20_100
    assert len({row.post.external_id for row in rows}) == 20_100
    assert sum(row.post.url.startswith("https://news.ycombinator.com/item?id=") for row in rows) >= 2440
