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
from services.importing.columns import ColumnNames, FileFormat, PostRow, open_posts
from services.importing.parse_lines import DamagedFileError, RejectedRow, UnusableFileError

HEADER = "id,title,url,num_points,num_comments,author,created_at\n"
ROW = "7,Hello,http://example.com/,1,2,ann,8/4/2016 11:52\n"
REAL_FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hacker_news.csv"


def write(folder: Path, content: str | bytes, name: str = "posts.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    path: Path,
    platform: Platform = Platform.HACKERNEWS,
    *,
    names: ColumnNames | None = None,
    file_format: FileFormat | None = None,
    zone: str = "UTC",
) -> list[PostRow | RejectedRow]:
    with open_posts(path, platform, names=names, file_format=file_format, zone=ZoneInfo(zone)) as posts:
        return list(posts)


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
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
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


def test_a_quotation_mark_never_closed_is_damage(tmp_path: Path) -> None:
    rows, line, reason = read_until_damage(write(tmp_path, HEADER + ROW + '8,"open\n' + ROW * 3))
    assert (ids(rows), line, reason) == (["7"], 3, "a quotation mark opens here and is never closed")


def test_an_unclosed_quotation_mark_reads_a_bounded_number_of_characters(tmp_path: Path) -> None:
    text = HEADER + ROW + '8,"open\n' + ROW * 40_000 + '9,"x"\n'
    rows, line, reason = read_until_damage(write(tmp_path, text))
    assert (ids(rows), line) == (["7"], 3)
    assert reason == "a quotation mark opens here and is not closed within 1,000,000 characters"


def test_an_overlong_line_is_damage(tmp_path: Path) -> None:
    rows, line, reason = read_until_damage(write(tmp_path, HEADER + ROW + "8," + "x" * 1_000_000))
    assert (ids(rows), line, reason) == (["7"], 3, "the line is longer than 1,000,000 bytes")


def test_an_overlong_field_rejects_one_row(tmp_path: Path) -> None:
    text = 'id,text\n1,"' + "long\n" * 100_000 + '"\n2,' + "x" * 900_000 + "\n3,ok\n"
    rows = read(write(tmp_path, text))
    assert ids(rows) == ["rejected 2", "rejected 100003", "3"]
    assert rows[1] == RejectedRow(
        100_003,
        'content "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": Must have at most 20,000 characters, but has 900,000.',
    )


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"8,caf\xe9,,,,,\n", "byte 6 of the line is not UTF-8. Save the file as UTF-8"),
        (b"8,a\0b,,,,,\n", "byte 4 of the line is NUL, so the file is not text"),
    ],
)
def test_bytes_that_are_not_text_are_damage(tmp_path: Path, damage: bytes, reason: str) -> None:
    content = (HEADER + ROW).encode() + damage + ROW.encode()
    rows, line, said = read_until_damage(write(tmp_path, content))
    assert (ids(rows), line, said) == (["7"], 3, reason)


def test_late_damage_is_raised_at_its_line(tmp_path: Path) -> None:
    line = '{"id": "1", "title": "x"}\n'
    rows, at, _ = read_until_damage(write(tmp_path, (line * 50).encode() + b"\xff\n", "posts.jsonl"))
    assert (len(rows), at) == (50, 51)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("id,title\n".encode("utf-16"), 1, "the file is UTF-16. Save it as UTF-8"),
        (b"PK\x03\x04\0\0", 1, "byte 5 of the line is NUL, so the file is not text"),
        (
            b"id,title\r1,a\r2,b\r",
            1,
            "the header is invalid: the quotation marks do not pair up, or a carriage return lacks its line feed",
        ),
        (b'id,"title\n1,a\n', 1, "a quotation mark opens here and is never closed"),
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
        ("1,x,,many,,,", 'likes "many": Must be an integer between 0 and 2147483647.'),
        ("1,x,,1.5,,,", 'likes "1.5": Must be an integer between 0 and 2147483647.'),
        ("1,x,,-1,,,", 'likes "-1": Must be an integer between 0 and 2147483647.'),
        ("1,x,,,2147483648,,", 'comments "2147483648": Must be an integer between 0 and 2147483647.'),
        ("1,x,javascript:alert(1),,,,", 'url "javascript:alert(1)": Must be an http or https URL.'),
        ("1,x,http://,,,,", 'url "http://": Must be an http or https URL.'),
        ("1,x,/r/python,,,,", 'url "/r/python": Must be an http or https URL.'),
        ("1,x,,,,,soon", 'published "soon": Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.'),
        ("1,x,,,,,13/4/2016 1:00", 'published "13/4/2016 1:00": Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.'),
        ("1,x,,,,,1969-12-31", 'published "1969-12-31": Must be between the years 1970 and 2999.'),
        ("1,x,,,,,9999-12-31T23:59:59-01:00", 'published "9999-12-31T23:59:59-01:00": Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.'),
        ("1,x,,,,,999999999999999", 'published "999999999999999": Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.'),
        (f"{'1' * 501},x,,,,,", 'id "1111111111111111111111111111111111111111…": Must have at most 500 characters, but has 501.'),
        (f"1,{'x' * 1001},,,,,", 'title "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": Must have at most 1,000 characters, but has 1,001.'),
        (f"1,x,http://x/{'y' * 1992},,,,", 'url "http://x/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…": Must have at most 2,000 characters, but has 2,001.'),
        (f"1,x,,,,{'a' * 201},", 'author "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…": Must have at most 200 characters, but has 201.'),
        ("1,x,,\x1b[31m,,,", "likes '\\x1b[31m': Must be an integer between 0 and 2147483647."),
    ],
)  # fmt: skip
def test_an_invalid_csv_row_is_rejected_with_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    rows = read(write(tmp_path, HEADER + ROW + row + "\n" + ROW))
    assert rows[1] == RejectedRow(3, reason)
    assert ids(rows) == ["7", "rejected 3", "7"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "title": "x"', "not JSON: unexpected end of data (column 23)"),
        ("[1]", "JSON, but not an object"),
        ('{"id": 1, "title": "\\ud800"}', "not JSON: no low surrogate in string (column 21)"),
        ('{"id": 1, "title": "a\\u0000b"}', "title 'a\\x00b': Must not contain NUL or unpaired surrogate characters."),
        ('{"id": true, "title": "x"}', 'id "True": Must be a string.'),
        ('{"id": 123456789012345678901234567890, "title": "x"}', 'id "1.2345678901234568e+29": Must be a string.'),
        ('{"id": 1, "title": {"a": 1}}', "title \"{'a': 1}\": Must be a string."),
        ('{"id": 1, "title": "x", "points": true}', 'likes "True": Must be an integer between 0 and 2147483647.'),
        ('{"id": 1, "title": "x", "date": []}', 'published "[]": Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.'),
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
    names = ColumnNames(
        id="KEY", content="what", url="where", author="who", published="when", comments="answers"
    )
    assert read(write(tmp_path, text), names=names) == [
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
    ("content", "name", "names", "sentence"),
    [
        ("a,title\n", "p.csv", ColumnNames(), 'The ID column is unknown. Name it with --id-column; the file has "a", "title".'),
        ("id,b\n", "p.csv", ColumnNames(), 'The text column is unknown. Name it with --title-column or --content-column; the file has "id", "b".'),
        ("id,title\n", "p.csv", ColumnNames(likes="hearts"), 'The column "hearts" of --likes-column does not exist; the file has "id", "title".'),
        ('{"b": 1}\n{"c": 1}\n', "p.jsonl", ColumnNames(), 'The ID column is unknown. Name it with --id-column; the file has "b", "c".'),
        ('[{"id": 1}]', "p.json", ColumnNames(), "The file is a JSON array, but must have one object per line. Convert it with `jq -c '.[]' FILE`."),
        ('\n[\n{"id": 1, "title": "x"}\n]\n', "p.json", ColumnNames(), "The file is a JSON array, but must have one object per line. Convert it with `jq -c '.[]' FILE`."),
        ("hello\n", "p.jsonl", ColumnNames(), "The file lacks a JSON object in its first lines. JSON Lines must have one object per line."),
        ("\n\n", "p.csv", ColumnNames(), "The file lacks a header. Its first line must name the columns."),
        ("id,title\n", "posts.xlsx", ColumnNames(), "The file name posts.xlsx does not tell the format. Add --format csv or --format jsonl."),
    ],
)  # fmt: skip
def test_an_unusable_file_raises_a_message(
    tmp_path: Path, content: str, name: str, names: ColumnNames, sentence: str
) -> None:
    with pytest.raises(UnusableFileError) as refused:
        read(write(tmp_path, content, name), names=names)
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
    with open_posts(REAL_FILE, Platform.HACKERNEWS, zone=ZoneInfo("America/New_York")) as posts:
        rows = [row for row in posts if isinstance(row, PostRow)]
        assert posts.bytes_read == posts.size_bytes
    assert len(rows) == 20_100
    assert len({row.post.external_id for row in rows}) == 20_100
    assert sum(row.post.url.startswith("https://news.ycombinator.com/item?id=") for row in rows) >= 2440
