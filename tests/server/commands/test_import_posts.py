import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.engine.pool import Pool
from tests.support.rows import add_keyword, add_user

ROOT = Path(__file__).resolve().parents[3]
REAL_FILE = ROOT.parent / "shared" / "data" / "hacker_news.csv"
HEADER = "id,title,url,num_points,num_comments,author,created_at\n"


@pytest.fixture
async def ann(pool: Pool) -> int:
    """A user with three keywords, one of them paused."""
    user_id = await add_user(pool, "Ann@Example.com")
    for keyword, status in (("crm", "active"), ("open source", "active"), ("paused", "paused")):
        await add_keyword(pool, user_id, keyword, status=status)
    return user_id


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the command."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LEADGRAPH_HOME", str(folder))
    return folder


def start(url: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "server.cli", "import-posts", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "LEADGRAPH_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def run(url: str, *arguments: object) -> tuple[int, str, str]:
    """Run the command, and return its exit code, standard output and standard error."""
    process = start(url, *arguments)
    output, errors = await asyncio.to_thread(process.communicate, timeout=60)
    return process.returncode, output, errors


async def counters(pool: Pool) -> tuple[int, dict[str, int]]:
    """Check `mentions_count` of the user and the keywords against the rows, and return the counts."""
    keywords = await pool.fetch(
        """
        SELECT keyword, mentions_count,
            (SELECT count(*) FROM mentions WHERE keyword_id = keywords.id) AS counted
        FROM keywords
        """
    )
    assert all(row["mentions_count"] == row["counted"] for row in keywords)
    total: int = await pool.fetchval("SELECT mentions_count FROM users")
    return total, {row["keyword"]: row["mentions_count"] for row in keywords}


def posts(numbers: range, title: str = "A CRM") -> str:
    return "".join(f"{number},{title},,1,2,bob,8/4/2016 11:52\n" for number in numbers)


@pytest.mark.usefixtures("ann")
async def test_posts_are_imported_with_a_summary(database_url: str, pool: Pool, tmp_path: Path) -> None:
    file, rejects = tmp_path / "posts.csv", tmp_path / "rejects.jsonl"
    file.write_text(
        HEADER
        + posts(range(1, 3))
        + '3,"Open source\nCRM",,1,2,bob,\n4,short\n5,Paused,,,,,\n6,crm,,x,,,\n1,crm,,,,,\n'
    )
    arguments = (file, "--user", "ann@EXAMPLE.com", "--time-zone", "America/New_York", "--rejects", rejects)
    code, output, errors = await run(database_url, *arguments)
    assert (code, errors) == (0, "")
    assert output == (
        "read                  7  posts in the file\n"
        "matched               5  posts with a keyword\n"
        "mentions              6  pairs of a post and a keyword\n"
        "created               5  new mentions\n"
        "duplicates            1  mentions that already existed\n"
        "rejected              1  invalid rows, skipped\n"
        "  line 6: the header has 7 fields, but this row has 2\n"
        f"rows       The rejected rows are in {rejects}.\n"
        "column     id: id (6)\n"
        "column     title: title (6)\n"
        "column     author: author (3)\n"
        "column     published: created_at (2)\n"
        "column     likes: num_points (3)\n"
        "column     comments: num_comments (3)\n"
        "ignored    url\n"
        "unreadable likes: 1 became null\n"
        '  line 8: num_points "x": Must be a number such as 1234, 1,234 or 1.2K.\n'
        "note       No date of the file shows the order of day and month. Dates read with the month first: 2. "
        "If that is wrong, pass --date-order dmy.\n"
    )
    assert [json.loads(line) for line in rejects.read_text().splitlines()] == [
        {"line": 6, "reason": "the header has 7 fields, but this row has 2", "row": ["4", "short"]},
    ]
    expected = (5, {"crm": 4, "open source": 1, "paused": 0})
    assert await counters(pool) == expected
    assert (
        str(await pool.fetchval("SELECT published_at FROM mentions WHERE external_id = '1'"))
        == "2016-08-04 15:52:00+00:00"
    )
    code, output, _ = await run(database_url, *arguments, "--json")
    assert code == 0
    assert json.loads(output) == {
        "read": 7,
        "matched": 5,
        "mentions": 6,
        "created": 0,
        "duplicates": 6,
        "rejected": 1,
        "columns": {
            "id": {"id": 6},
            "title": {"title": 6},
            "author": {"author": 3},
            "published": {"created_at": 2},
            "likes": {"num_points": 3},
            "comments": {"num_comments": 3},
        },
        "ignored": ["url"],
        "unreadable": {
            "likes": {
                "count": 1,
                "examples": [
                    {
                        "line": 8,
                        "reason": 'num_points "x": Must be a number such as 1234, 1,234 or 1.2K.',
                    }
                ],
            }
        },
        "cut": {},
        "notes": [
            (
                "No date of the file shows the order of day and month. Dates read with the month first: 2. "
                "If that is wrong, pass --date-order dmy."
            )
        ],
        "rejections": [{"line": 6, "reason": "the header has 7 fields, but this row has 2"}],
        "rejected_rows": str(rejects),
        "resumed_after": 0,
        "damage": None,
        "dry_run": False,
    }
    assert await counters(pool) == expected


@pytest.mark.usefixtures("ann")
async def test_options_set_columns_platform_and_format(database_url: str, pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "posts"
    file.write_text('{"name": "t3_a", "title": "none", "what": "crm", "link": "https://example.com"}\n' * 2)
    options = (
        "--format",
        "jsonl",
        "--id-column",
        "name",
        "--column",
        "text=what",
        "--ignore",
        "title",
        "--platform",
        "reddit",
    )
    code, output, _ = await run(database_url, file, "--user", "ann@example.com", *options, "--dry-run")
    assert code == 0
    assert output == (
        "read                  2  posts in the file\n"
        "matched               2  posts with a keyword\n"
        "mentions              2  pairs of a post and a keyword\n"
        "rejected              0  invalid rows, skipped\n"
        "column     id: name (2)\n"
        "column     content: what (2)\n"
        "column     url: link (2)\n"
        "ignored    title\n"
        "Dry run, nothing was written.\n"
    )
    assert await counters(pool) == (0, {"crm": 0, "open source": 0, "paused": 0})
    assert (await run(database_url, file, "--user", "ann@example.com", *options))[0] == 0
    row = await pool.fetchrow("SELECT platform, external_id, url, content FROM mentions")
    assert row is not None
    assert tuple(row) == ("reddit", "t3_a", "https://example.com", "crm")


@pytest.mark.usefixtures("ann")
async def test_twenty_rejected_rows_are_listed_and_all_are_counted(
    database_url: str, tmp_path: Path, home: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("id,title\n" + "x\n" * 1030)
    code, output, _ = await run(database_url, file, "--user", "ann@example.com")
    assert code == 0
    (rejects,) = (home / "rejected-rows").iterdir()
    assert output.splitlines()[5] == "rejected          1,030  invalid rows, skipped"
    assert output.splitlines()[6:] == [
        *(f"  line {line}: the header has 2 fields, but this row has 1" for line in range(2, 22)),
        "  and 1,010 more",
        f"rows       The rejected rows are in {rejects}.",
        "ignored    id, title",
    ]
    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(line["line"], line["row"]) for line in lines] == [(number, ["x"]) for number in range(2, 1032)]
    assert rejects.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("ann")
async def test_a_damaged_file_is_imported_up_to_the_damage(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv.gz"
    lines = [f"{number},A CRM,,1,2,{os.urandom(40).hex()},8/4/2016 11:52\n" for number in range(1500)]
    whole = gzip.compress((HEADER + "".join(lines)).encode())
    file.write_bytes(whole[:-4000])
    code, output, errors = await run(database_url, file, "--user", "ann@example.com")
    assert code == 1
    before = (await counters(pool))[0]
    assert 1000 < before < 1500
    assert output.splitlines()[3] == f"created           {before:,}  new mentions"
    assert errors == (
        f"leadgraph: {file} is damaged in line {before + 2}: the rest of the file cannot be read: Compressed file "
        "ended before the end-of-stream marker was reached. The posts before it are imported. Repair the file. Run "
        "the same command again. Posts that are already imported are skipped.\n"
    )
    file.write_bytes(whole)
    code, output, errors = await run(database_url, file, "--user", "ann@example.com")
    assert (code, errors) == (0, "")
    assert output.splitlines()[3:5] == [
        f"created    {1500 - before:>12,}  new mentions",
        f"duplicates {before:>12,}  mentions that already existed",
    ]
    assert await counters(pool) == (1500, {"crm": 1500, "open source": 0, "paused": 0})


@pytest.mark.usefixtures("ann")
async def test_damaged_lines_are_rejected_and_the_import_goes_on(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_bytes(
        (HEADER + posts(range(3))).encode()
        + b'8,caf\xe9 crm,,,,,\n9,"crm,,,,,\n'
        + posts(range(3, 6)).encode()
    )
    code, output, errors = await run(database_url, file, "--user", "ann@example.com", "--json")
    assert (code, errors) == (0, "")
    assert json.loads(output)["rejections"] == [
        {"line": 5, "reason": "byte 6 of the line is not UTF-8. Save the file as UTF-8"},
        {"line": 6, "reason": "a quotation mark opens here and is never closed"},
    ]
    assert await counters(pool) == (6, {"crm": 6, "open source": 0, "paused": 0})


REDDIT = """\
{"id": "s1", "title": "Which CRM?", "selftext": "For five people", "created_utc": 1767600000, "score": 12,
 "permalink": "/r/x/comments/s1/which/", "url": "https://a.example/"}
{"id": "c1", "body": "Any CRM", "created_utc": "1767600300", "score": -7, "edited": 1767600500.0, "link_id": "t3_s1",
 "permalink": "/r/x/comments/s1/which/c1/"}
""".replace(",\n ", ", ")
ALGOLIA = """\
{"objectID": "1", "created_at": "2026-01-05T10:00:00Z", "title": "Show HN: CRM", "url": "https://a.example/"}
{"objectID": "2", "title": null, "url": null, "comment_text": "A <i>CRM</i>", "story_title": "Show HN: CRM"}
{"objectID": "3", "title": "Ask HN: which?", "url": null, "story_text": "Which CRM", "comment_text": null}
"""


@pytest.mark.usefixtures("ann")
async def test_files_of_several_kinds_of_posts_are_imported_whole(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    for content, platform in ((REDDIT, "reddit"), (ALGOLIA, "hackernews")):
        file = tmp_path / f"{platform}.jsonl"
        file.write_text(content)
        code, _, errors = await run(
            database_url, file, "--user", "ann@example.com", "--platform", platform, "--analyze"
        )
        assert (code, errors) == (0, "")
    found = await pool.fetch(
        "SELECT platform, external_id, kind, url, content, likes, published_at FROM mentions ORDER BY 1, 2"
    )
    site, times = (
        "https://www.reddit.com",
        (datetime(2026, 1, 5, 8, 0, tzinfo=UTC), datetime(2026, 1, 5, 8, 5, tzinfo=UTC)),
    )
    assert [tuple(row) for row in found] == [
        ("hackernews", "1", "post", "https://a.example/", "Show HN: CRM", None, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("hackernews", "2", "comment", "https://news.ycombinator.com/item?id=2", "A <i>CRM</i>", None, None),
        ("hackernews", "3", "post", "https://news.ycombinator.com/item?id=3", "Which CRM", None, None),
        ("reddit", "c1", "comment", f"{site}/r/x/comments/s1/which/c1/", "Any CRM", None, times[1]),
        ("reddit", "s1", "post", f"{site}/r/x/comments/s1/which/", "For five people", 12, times[0]),
    ]  # fmt: skip


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("id,title\r1,a\n", [], "{file} is damaged in line 1: the header is invalid: the quotation marks do not pair up, or a carriage return lacks its line feed. Nothing is imported."),
        ("", [], "{file} is empty."),
        ("a,b\n", [], 'The ID column is unknown. Name it with --column id=NAME; the file has "a", "b".'),
        ("id,title\n", ["--time-zone", "America"], '"America" is not a time zone. Pass an IANA name such as UTC or America/New_York.'),
        ("id,title\n", ["--time-zone", "../x"], '"../x" is not a time zone. Pass an IANA name such as UTC or America/New_York.'),
        ("id,title,Title\n", [], 'The columns 2 and 3 have the same name "Title". Rename one of them in the header, or drop both with --ignore.'),
        ("PK\x03\x04 xl/workbook.xml", [], "{file} is an Excel workbook (.xlsx). Save the sheet as CSV UTF-8."),
        ("id,title\n", ["--column", "mood=x"], '--column must be FIELD=NAME, but is "mood=x". The fields are id, platform, kind, title, content, url, author, language, published, likes, comments.'),
        ("id,title\n", ["--rejects", "{file}"], "--rejects must not be the file of posts. Pass another file."),
        ("id,title\n", ["--rejects", "{file}/x"], "The rejected rows cannot be written: [Errno 20] Not a directory: '{file}/x'."),
    ],
)  # fmt: skip
async def test_an_unusable_file_or_option_is_reported_in_one_sentence(
    database_url: str, tmp_path: Path, content: str, options: list[str], sentence: str
) -> None:
    file = tmp_path / "posts.csv"
    file.write_bytes(content.encode())
    given = [option.format(file=file) for option in options]
    code, output, errors = await run(database_url, file, "--user", "ann@example.com", *given)
    assert (code, output, errors) == (1, "", f"leadgraph: {sentence.format(file=file)}\n")
    assert file.read_bytes() == content.encode()


@pytest.mark.usefixtures("ann")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
async def test_an_unwritable_rejects_file_is_reported_in_one_sentence(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("id,title\n1\n")
    code, _, errors = await run(database_url, file, "--user", "ann@example.com", "--rejects", "/dev/full")
    assert code == 1
    assert errors == (
        "leadgraph: The rejected rows cannot be written: [Errno 28] No space left on device. Fix the cause. "
        "Run the same command again. Posts that are already imported are skipped.\n"
    )


async def test_users_without_active_keywords_are_refused(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(HEADER + posts(range(2)))
    await add_user(pool, "bob@example.com")
    code, output, errors = await run(database_url, file, "--user", "eve@example.com")
    assert (code, output) == (1, "")
    assert errors == (
        "leadgraph: No active user has the e-mail address eve@example.com. The query { viewer { email } } returns "
        "the address of an API key's user.\n"
    )
    code, output, errors = await run(database_url, file, "--user", "bob@example.com")
    assert (code, output) == (1, "")
    assert errors == (
        "leadgraph: The user bob@example.com has no active keywords, so no post can match. Create a keyword first.\n"
    )


@pytest.mark.usefixtures("ann")
async def test_a_database_failure_is_reported_in_one_sentence(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(HEADER + posts(range(1500)))
    await pool.execute("ALTER TABLE mentions ADD CONSTRAINT full_disk CHECK (external_id <> '1200')")
    code, output, errors = await run(database_url, file, "--user", "ann@example.com")
    assert (code, output) == (1, "")
    assert errors == (
        'leadgraph: The database failed after 1,000 posts: new row for relation "mentions" violates check '
        'constraint "full_disk". Fix the cause. Run the same command again. Posts that are already '
        "imported are skipped.\n"
    )
    assert (await counters(pool))[0] == 1000


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_an_interrupted_import_leaves_whole_batches_and_can_be_resumed(
    database_url: str, pool: Pool, tmp_path: Path, number: signal.Signals
) -> None:
    pipe = tmp_path / "posts.csv"
    os.mkfifo(pipe)
    process = start(database_url, pipe, "--user", "ann@example.com")
    with await asyncio.to_thread(pipe.open, "w") as writing:
        writing.write(HEADER + posts(range(2500)))
        writing.flush()
        async with asyncio.timeout(30):
            while (await counters(pool))[0] < 2000:
                await asyncio.sleep(0.01)
        process.send_signal(number)
    _, errors = await asyncio.to_thread(process.communicate, timeout=30)
    if number == signal.SIGINT:
        assert process.returncode == 1
        assert errors == (
            "leadgraph: Interrupted. Run the same command again. Posts that are already imported are "
            "skipped.\n"
        )
    assert await counters(pool) == (2000, {"crm": 2000, "open source": 0, "paused": 0})
    file = tmp_path / "again.csv"
    file.write_text(HEADER + posts(range(2500)))
    code, output, _ = await run(database_url, file, "--user", "ann@example.com")
    assert code == 0
    assert output.splitlines()[3:5] == [
        "created             500  new mentions",
        "duplicates        2,000  mentions that already existed",
    ]
    assert await counters(pool) == (2500, {"crm": 2500, "open source": 0, "paused": 0})


@pytest.mark.usefixtures("ann")
@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real sample lies outside the project")
async def test_a_real_file_is_imported_once(database_url: str, pool: Pool) -> None:
    for created, duplicates in ((157, 0), (0, 157)):
        code, output, errors = await run(database_url, REAL_FILE, "--user", "ann@example.com", "--json")
        assert (code, errors) == (0, "")
        summary = json.loads(output)
        assert (summary["read"], summary["rejected"]) == (20_100, 0)
        assert (summary["created"], summary["duplicates"]) == (created, duplicates)
        assert await counters(pool) == (157, {"crm": 7, "open source": 150, "paused": 0})
