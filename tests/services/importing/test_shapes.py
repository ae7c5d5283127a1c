"""Files as platforms, scrapers and spreadsheets write them: which values become a post, and which are told."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.models import Base, Keyword, Lead, Mention, MentionKind, Platform
from db.statements.ingest import NewPost
from services.importing.columns import ImportOptions, PostFile, open_posts
from services.importing.dates import DateOrder
from services.importing.names import ColumnOptions
from services.importing.parse_lines import DamagedFileError, RejectedRow, UnusableFileError
from services.importing.post_rows import LongTexts, PostRow

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
UNREADABLE_DATE = "Must be a date such as 2026-01-31T12:00:00Z, 31 Jan 2026 12:00, 1/31/2026 or Unix time."
NO_COUNT = "Must be a number such as 1234, 1,234 or 1.2K."
NO_ADDRESS = "Must be an http or https URL."
DEFAULTS = ImportOptions()


def read(
    folder: Path,
    content: str | bytes | Sequence[Any],
    name: str = "posts.jsonl",
    platform: Platform = Platform.OTHER,
    options: ImportOptions = DEFAULTS,
) -> tuple[list[PostRow | RejectedRow], PostFile]:
    """Write a file, and return its rows and the report."""
    path = folder / name
    if not isinstance(content, str | bytes):
        content = "".join(json.dumps(row) + "\n" for row in content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_posts(path, platform, options) as posts:
        return list(posts), posts


def posts_of(rows: Sequence[PostRow | RejectedRow]) -> list[NewPost]:
    """Return the posts. Fail if a row was rejected."""
    assert [row for row in rows if isinstance(row, RejectedRow)] == []
    return [row.post for row in rows if isinstance(row, PostRow)]


def lost(posts: PostFile) -> dict[str, list[tuple[int, str]]]:
    return {
        field: [(line, reason) for line, reason in found.examples]
        for field, found in posts.usage.unreadable.items()
    }


SHAPES: dict[str, tuple[Platform, Mapping[str, Any], NewPost]] = {
    "Hacker News, Algolia story": (
        Platform.HACKERNEWS,
        {"objectID": "1", "created_at": "2026-01-05T12:00:00Z", "created_at_i": 0, "author": "ann", "title": "T",
         "url": "https://a.example/", "points": 3, "num_comments": 2, "story_text": None, "_tags": ["story"]},
        NewPost(Platform.HACKERNEWS, "1", MentionKind.POST, "https://a.example/", "T", "T", "ann", None, 3, 2, NOON),
    ),
    "Hacker News, Algolia comment": (
        Platform.HACKERNEWS,
        {"objectID": "2", "created_at_i": 1767614400, "author": "ann", "title": None, "comment_text": "c",
         "story_id": 1, "parent_id": 1, "story_title": "not of the comment", "story_url": "https://a.example/"},
        NewPost(Platform.HACKERNEWS, "2", MentionKind.COMMENT, "https://news.ycombinator.com/item?id=2", None, "c",
                "ann", None, None, None, NOON),
    ),
    "Hacker News, Firebase": (
        Platform.HACKERNEWS,
        {"by": "ann", "id": 3, "kids": [4, 5], "descendants": 2, "score": 3, "time": 1767614400, "title": "T",
         "text": "t", "type": "story"},
        NewPost(Platform.HACKERNEWS, "3", MentionKind.POST, "https://news.ycombinator.com/item?id=3", "T", "t", "ann",
                None, 3, 2, NOON),
    ),
    "Reddit listing child": (
        Platform.REDDIT,
        {"kind": "t1", "data": {"id": "c1", "body": "b", "author": "ann", "created_utc": 1767614400.0, "score": 3,
                                "likes": None, "replies": "", "link_id": "t3_s1", "permalink": "/r/x/comments/s1/t/c1/"}},
        NewPost(Platform.REDDIT, "c1", MentionKind.COMMENT, "https://www.reddit.com/r/x/comments/s1/t/c1/", None, "b",
                "ann", None, 3, None, NOON),
    ),
    "Reddit dump without a permalink": (
        Platform.REDDIT,
        {"id": "c1", "body": "b", "author": "ann", "created_utc": "1767614400", "score": "3", "link_id": "t3_s1"},
        NewPost(Platform.REDDIT, "c1", MentionKind.COMMENT, "https://www.reddit.com/comments/s1/_/c1/", None, "b",
                "ann", None, 3, None, NOON),
    ),
    "X v1": (
        Platform.X,
        {"created_at": "Mon Jan 05 12:00:00 +0000 2026", "id": 562007704424972289, "id_str": "562007704424972289",
         "text": "short …", "full_text": "full", "lang": "und", "favorite_count": 3,
         "user": {"id": 1, "screen_name": "ann", "name": "Ann"}},
        NewPost(Platform.X, "562007704424972289", MentionKind.POST, "https://x.com/i/status/562007704424972289", None,
                "full", "ann", None, 3, None, NOON),
    ),
    "X v2": (
        Platform.X,
        {"id": "5", "text": "t", "author_id": "1", "created_at": "2026-01-05T12:00:00.000Z", "lang": "en",
         "public_metrics": {"like_count": 3, "reply_count": 2, "retweet_count": 1}},
        NewPost(Platform.X, "5", MentionKind.POST, "https://x.com/i/status/5", None, "t", "", "en", 3, 2, NOON),
    ),
    "X archive": (
        Platform.X,
        {"tweet": {"id_str": "5", "id": "5", "full_text": "t", "created_at": "Mon Jan 05 12:00:00 +0000 2026",
                   "favorite_count": "3", "lang": "en"}},
        NewPost(Platform.X, "5", MentionKind.POST, "https://x.com/i/status/5", None, "t", "", "en", 3, None, NOON),
    ),
    "Mastodon": (
        Platform.MASTODON,
        {"id": "109", "created_at": "2026-01-05T12:00:00.000Z", "in_reply_to_id": None, "language": "de",
         "uri": "https://m.example/users/ann/statuses/109", "url": "https://m.example/@ann/109", "replies_count": 2,
         "favourites_count": 3, "favourited": False, "content": "<p>t</p>",
         "account": {"id": "1", "username": "ann", "acct": "ann@m.example"}, "reblog": None, "tags": []},
        NewPost(Platform.MASTODON, "109", MentionKind.POST, "https://m.example/@ann/109", None, "<p>t</p>", "ann", "de",
                3, 2, NOON),
    ),
    "Bluesky": (
        Platform.BLUESKY,
        {"post": {"uri": "at://did:plc:x/app.bsky.feed.post/3k", "cid": "bafy",
                  "author": {"did": "did:plc:x", "handle": "ann.example", "displayName": "Ann"},
                  "record": {"$type": "app.bsky.feed.post", "createdAt": "2026-01-05T12:00:00Z", "langs": ["en", "de"],
                             "text": "t"},
                  "replyCount": 2, "likeCount": 3, "indexedAt": "2026-01-06T00:00:00Z"}},
        NewPost(Platform.BLUESKY, "at://did:plc:x/app.bsky.feed.post/3k", MentionKind.POST,
                "https://bsky.app/profile/did:plc:x/post/3k", None, "t", "ann.example", "en", 3, 2, NOON),
    ),
    "YouTube comment thread": (
        Platform.YOUTUBE,
        {"kind": "youtube#commentThread", "id": "Ug", "snippet": {"videoId": "v1", "totalReplyCount": 2,
         "topLevelComment": {"id": "Ug", "snippet": {"textDisplay": "t<br>", "textOriginal": "t", "likeCount": 3,
                             "authorDisplayName": "@ann", "publishedAt": "2026-01-05T12:00:00Z"}}}},
        NewPost(Platform.YOUTUBE, "Ug", MentionKind.COMMENT, "https://www.youtube.com/watch?v=v1&lc=Ug", None, "t",
                "@ann", None, 3, 2, NOON),
    ),
    "YouTube search result": (
        Platform.YOUTUBE,
        {"kind": "youtube#searchResult", "id": {"kind": "youtube#video", "videoId": "v1"},
         "snippet": {"publishedAt": "2026-01-05T12:00:00Z", "title": "T", "description": "d", "channelTitle": "ann"}},
        NewPost(Platform.YOUTUBE, "v1", MentionKind.POST, "https://www.youtube.com/watch?v=v1", "T", "d", "ann", None,
                None, None, NOON),
    ),
    "RSS as JSON": (
        Platform.BLOG,
        {"title": ["T"], "link": ["https://a.example/1"], "guid": [{"_": "g1", "$": {"isPermaLink": "false"}}],
         "pubDate": ["Mon, 05 Jan 2026 12:00:00 GMT"], "dc:creator": ["ann"], "description": ["short"],
         "content:encoded": ["<p>t</p>"]},
        NewPost(Platform.BLOG, "g1", MentionKind.POST, "https://a.example/1", "T", "<p>t</p>", "ann", None, None, None,
                NOON),
    ),
    "JSON Feed": (
        Platform.BLOG,
        {"id": "1", "url": "https://a.example/1", "title": "T", "content_html": "<p>t</p>", "summary": "s",
         "date_published": "2026-01-05T13:00:00+01:00", "authors": [{"name": "ann"}], "language": "en-GB"},
        NewPost(Platform.BLOG, "1", MentionKind.POST, "https://a.example/1", "T", "<p>t</p>", "ann", "en-GB", None,
                None, NOON),
    ),
    "WordPress": (
        Platform.BLOG,
        {"id": 1, "date": "2026-01-05T12:00:00", "link": "https://a.example/1", "title": {"rendered": "T"},
         "content": {"rendered": "<p>t</p>", "protected": False}, "guid": {"rendered": "https://a.example/?p=1"}},
        NewPost(Platform.BLOG, "1", MentionKind.POST, "https://a.example/1", "T", "<p>t</p>", "", None, None, None,
                NOON),
    ),
    "Apify, X": (
        Platform.X,
        {"id": "5", "url": "https://x.com/ann/status/5", "text": "t", "author": {"userName": "ann", "id": "1"},
         "createdAt": "Mon Jan 05 12:00:00 +0000 2026", "likeCount": 3, "replyCount": 2, "lang": "en"},
        NewPost(Platform.X, "5", MentionKind.POST, "https://x.com/ann/status/5", None, "t", "ann", "en", 3, 2, NOON),
    ),
    "Apify, YouTube comments": (
        Platform.YOUTUBE,
        {"comment": "t", "cid": "Ug", "author": "@ann", "videoId": "v1", "voteCount": "1.2K", "replyCount": 2,
         "publishedTimeText": "2 days ago", "pageUrl": "https://www.youtube.com/watch?v=v1"},
        NewPost(Platform.YOUTUBE, "Ug", MentionKind.COMMENT, "https://www.youtube.com/watch?v=v1", None, "t", "@ann", None,
                1200, 2, None),
    ),
    "Mention": (
        Platform.OTHER,
        {"Mention date": "Jan 5, 2026 12:00 PM", "Title": "T", "Description": "t", "Mention link": "https://a.example/1",
         "Author name": "ann", "Language": "en"},
        NewPost(Platform.OTHER, "https://a.example/1", MentionKind.POST, "https://a.example/1", "T", "t", "ann", "en",
                None, None, NOON),
    ),
    "Meltwater": (
        Platform.OTHER,
        {"Date": "05-Jan-2026 12:00PM", "Headline": "T", "URL": "https://a.example/1", "Opening Text": "t",
         "Influencer": "ann"},
        NewPost(Platform.OTHER, "https://a.example/1", MentionKind.POST, "https://a.example/1", "T", "t", "ann", None,
                None, None, NOON),
    ),
    "Atom as JSON": (
        Platform.BLOG,
        {"id": {"$t": "tag:1"}, "title": {"$t": "T"}, "content": {"$t": "t", "type": "html"},
         "link": [{"rel": "alternate", "href": "https://a.example/1"}, {"rel": "self", "href": "https://a.example/2"}],
         "published": {"$t": "2026-01-05T12:00:00Z"}, "author": [{"name": {"$t": "ann"}}]},
        NewPost(Platform.BLOG, "tag:1", MentionKind.POST, "https://a.example/1", "T", "t", "ann", None, None, None, NOON),
    ),
    "A spreadsheet in German": (
        Platform.FORUM,
        {"ID": "1", "Titel": "T", "Inhalt": "t", "Link": "https://a.example/1", "Autor": "ann", "Datum": "05.01.2026 12:00",
         "Gefällt mir": "1.234", "Kommentare": "2"},
        NewPost(Platform.FORUM, "1", MentionKind.POST, "https://a.example/1", "T", "t", "ann", None, 1234, 2, NOON),
    ),
    "Apify, TikTok": (
        Platform.OTHER,
        {"id": "7", "text": "t", "createTimeISO": "2026-01-05T12:00:00.000Z", "authorMeta": {"name": "ann"},
         "webVideoUrl": "https://a.example/7", "diggCount": 5, "commentCount": 2},
        NewPost(Platform.OTHER, "7", MentionKind.POST, "https://a.example/7", None, "t", "ann", None, 5, 2, NOON),
    ),
    "Facebook": (
        Platform.OTHER,
        {"id": "1_2", "message": "t", "created_time": "2026-01-05T12:00:00+0000", "from": {"name": "ann", "id": "9"},
         "permalink_url": "https://f.example/1", "likes": {"data": [], "summary": {"total_count": 3}},
         "comments": {"data": [], "summary": {"total_count": 2}}},
        NewPost(Platform.OTHER, "1_2", MentionKind.POST, "https://f.example/1", None, "t", "ann", None, 3, 2, NOON),
    ),
    "GitHub issue": (
        Platform.GITHUB,
        {"id": 1, "number": 7, "url": "https://api.github.example/1", "html_url": "https://github.example/o/r/issues/7",
         "title": "T", "body": "t", "user": {"login": "ann", "id": 1, "type": "User"}, "comments": 2,
         "reactions": {"url": "https://api.github.example/r", "total_count": 3, "+1": 2},
         "created_at": "2026-01-05T12:00:00Z", "updated_at": "2026-01-06T00:00:00Z"},
        NewPost(Platform.GITHUB, "1", MentionKind.POST, "https://github.example/o/r/issues/7", "T", "t", "ann", None, 3,
                2, NOON),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_columns_of_usual_sources_are_known(tmp_path: Path, name: str) -> None:
    platform, row, post = SHAPES[name]
    rows, posts = read(tmp_path, [row], platform=platform)
    assert posts_of(rows) == [post]
    assert posts.usage.unreadable == {}


def test_columns_are_found_for_each_row(tmp_path: Path) -> None:
    stories = [
        {"id": number, "title": f"Story {number}", "url": "https://a.example/"} for number in range(150)
    ]
    late = [{"id": 900, "text": "late text"}, {"id": 901, "selftext": "self"}, {"id": 902, "body": "body"}]
    rows, posts = read(tmp_path, [*stories, *late], platform=Platform.HACKERNEWS)
    assert [post.content for post in posts_of(rows)[150:]] == ["late text", "self", "body"]
    assert posts.usage.columns() == {
        "id": {"id": 153},
        "title": {"title": 150},
        "content": {"text": 1, "selftext": 1, "body": 1},
        "url": {"url": 150},
    }


def test_a_blank_text_column_yields_to_the_next_in_a_csv_row(tmp_path: Path) -> None:
    rows, _ = read(
        tmp_path, "id,title,selftext,body\n1,T,self,\n2,,,body\n3,T,,\n", "p.csv", Platform.HACKERNEWS
    )
    assert [(post.title, post.content) for post in posts_of(rows)] == [
        ("T", "self"),
        (None, "body"),
        ("T", "T"),
    ]


def test_the_report_names_the_ignored_columns(tmp_path: Path) -> None:
    row = {
        "id": 1,
        "text": "t",
        "mood": "x",
        "user": {"name": "ann", "karma": 1},
        "media": {"a": {"b": 1}, "c": 2},
    }
    _, posts = read(tmp_path, [row], platform=Platform.HACKERNEWS)
    assert posts.usage.columns() == {"id": {"id": 1}, "content": {"text": 1}, "author": {"user.name": 1}}
    assert posts.usage.ignored() == ["mood", "user.karma", "media"]


def test_options_name_columns_in_turn_and_drop_others(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "a": "first", "b": "second", "user": {"name": "ann"}},
        {"id": 2, "b": "second", "text": "t"},
    ]
    options = ColumnOptions({"content": ["a", "B"], "likes": ["hearts"]}, ["user", "nothing"])
    found, posts = read(tmp_path, rows, platform=Platform.HACKERNEWS, options=ImportOptions(options))
    assert [(post.content, post.author) for post in posts_of(found)] == [("first", ""), ("second", "")]
    assert posts.notes() == [
        'The column "hearts" of an option does not exist in the file.',
        'The column "nothing" of an option does not exist in the file.',
    ]


def test_unreadable_optional_values_become_null_and_are_told(tmp_path: Path) -> None:
    good = {"id": 1, "text": "t", "url": "https://a.example/1"}
    rows = [
        good | {"score": -7},
        good | {"score": "N/A", "num_comments": True},
        good | {"author": {"x": 1}, "created_at": "soon", "platform": "pager", "lang": "English"},
        good | {"title": {"x": 1}, "url": "javascript:alert(1)"},
        good | {"author": "a" * 201, "score": 1.5, "num_comments": 2**31},
    ]
    found, posts = read(tmp_path, rows, platform=Platform.HACKERNEWS)
    assert posts_of(found)[0].likes is None
    assert posts_of(found)[3].url == "https://news.ycombinator.com/item?id=1"
    assert lost(posts) == {
        "likes": [
            (1, 'score "-7": Must be an integer between 0 and 2147483647.'),
            (2, f'score "N/A": {NO_COUNT}'),
            (5, f'score "1.5": {NO_COUNT}'),
        ],
        "comments": [
            (2, f'num_comments "True": {NO_COUNT}'),
            (5, 'num_comments "2147483648": Must be an integer between 0 and 2147483647.'),
        ],
        "author": [
            (3, "author \"{'x': 1}\": Must be a string."),
            (5, f'author "{"a" * 40}…": Must have at most 200 characters, but has 201.'),
        ],
        "published": [(3, f'created_at "soon": {UNREADABLE_DATE}')],
        "platform": [(3, f'platform "pager": Must be one of {", ".join(Platform)}.')],
        "language": [(3, 'lang "English": Must be a language tag such as en or pt-BR.')],
        "title": [(4, "title \"{'x': 1}\": Must be a string.")],
        "url": [(4, f'url "javascript:alert(1)": {NO_ADDRESS}')],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "number"),
    [("1.2K", 1200), ("3k", 3000), ("1.25M", 1_250_000), ("1,234", 1234), ("1 234", 1234), ("1,234,567", 1_234_567),
     ("12.0", 12), (12.0, 12), ("+5", 5), ("0", 0), ("1.234.567", 1_234_567), ("1.234", 1234),
     ("1,2K", 1200), (1.234, None), ("0.123", None), ("1,2", None), ("2.5", None), ("-3", None), ("9B", None),
     ("NaN", None), ("-", None), ([], None), ({"count": 4}, 4)],
)  # fmt: skip
def test_counts_are_read_as_people_write_them(tmp_path: Path, written: object, number: int | None) -> None:
    rows, _ = read(tmp_path, [{"id": 1, "text": "t", "likes": written}], platform=Platform.HACKERNEWS)
    assert posts_of(rows)[0].likes == number


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2021-02-30T10:00:00Z", UNREADABLE_DATE),
        ("2 hours ago", UNREADABLE_DATE),
        ("0", UNREADABLE_DATE),
        ("44561.5", UNREADABLE_DATE),
        ("13/13/2026", UNREADABLE_DATE),
        ("9/26/2016 13:26 PM", UNREADABLE_DATE),
        ("999999999999999", UNREADABLE_DATE),
        ("9999-12-31T23:59:59-01:00", UNREADABLE_DATE),
        ("4 marraskuuta 2016", UNREADABLE_DATE),
        (
            "2026-01-05T10:00[Nowhere/City]",
            "Must have an offset such as +02:00 instead of the time zone Nowhere/City.",
        ),
        ("1969-12-31", "Must be between the years 1970 and 2999."),
        ("5/1/26", "The year has two digits. Pass --date-order dmy, mdy or ymd."),
        ("2019-02-12 10:11:12 IST", "Must have an offset such as +02:00 instead of the time zone IST."),
        (
            "1.61234567e9",
            "A spreadsheet wrote this number and dropped its last digits. Export the column as text.",
        ),
    ],
)
def test_a_date_that_is_not_clear_is_null(tmp_path: Path, written: str, reason: str) -> None:
    rows, posts = read(tmp_path, [{"id": 1, "text": "t", "date": written}], platform=Platform.HACKERNEWS)
    assert posts_of(rows)[0].published_at is None
    assert lost(posts) == {"published": [(1, f'date "{written}": {reason}')]}


def days(rows: Sequence[PostRow | RejectedRow]) -> list[str | None]:
    found = [post.published_at for post in posts_of(rows)]
    return [None if moment is None else f"{moment:%m-%d}" for moment in found]


def dates_file(*dates: str, delimiter: str = ",") -> str:
    rows = [["id", "title", "date"], *([str(number), "t", date] for number, date in enumerate(dates))]
    return "".join(delimiter.join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("content", "order", "expected", "notes"),
    [
        (dates_file("03/02/2026 10:00", "13/02/2026 10:00"), None, ["02-03", "02-13"], []),
        (dates_file("03/02/2026 10:00", "02/13/2026 10:00"), None, ["03-02", "02-13"], []),
        (dates_file("03-02-2026", "13-02-2026"), None, ["02-03", "02-13"], []),
        (dates_file("03/02/2026", "13/02/2026", "02/13/2026"), None, [None, None, None], []),
        (dates_file("03/02/2026", "13/02/2026", "02/13/2026"), DateOrder.MDY, ["03-02", None, "02-13"], []),
        (dates_file("03/02/26", "13/02/26"), DateOrder.DMY, ["02-03", "02-13"], []),
        (dates_file("26/02/03"), DateOrder.YMD, ["02-03"], []),
        (dates_file("03/02/2026", "05.02.2026"), None, ["03-02", "02-05"], ["No date of the file shows the order of day and month. Dates read with the month first: 1. If that is wrong, pass --date-order dmy."]),
        (dates_file("03/02/2026", delimiter=";"), None, ["02-03"], ["No date of the file shows the order of day and month. Dates read with the day first: 1. If that is wrong, pass --date-order mdy."]),
        (dates_file("03/02/2026"), DateOrder.MDY, ["03-02"], []),
    ],
)  # fmt: skip
def test_dates_of_a_file_are_read_in_one_order(
    tmp_path: Path, content: str, order: DateOrder | None, expected: list[str | None], notes: list[str]
) -> None:
    rows, posts = read(tmp_path, content, "p.csv", Platform.HACKERNEWS, ImportOptions(order=order))
    assert days(rows) == expected
    assert posts.notes() == notes


def test_the_last_date_of_a_long_file_decides_the_order(tmp_path: Path) -> None:
    dates = ["3/2/2026"] * 300 + ["13/2/2026"]
    objects = [{"id": number, "text": "t", "date": date} for number, date in enumerate(dates)]
    for content, name in (
        (dates_file(*dates), "p.csv"),
        (gzip.compress(dates_file(*dates).encode()), "p.csv.gz"),
        ("".join(json.dumps(row) + "\n" for row in objects), "p.jsonl"),
        (json.dumps({"data": objects}, indent=1), "p.json"),
    ):
        rows, _ = read(tmp_path, content, name, Platform.HACKERNEWS)
        assert set(days(rows)) == {"02-03", "02-13"}, name


def test_dates_in_two_orders_are_told_with_the_option(tmp_path: Path) -> None:
    _, posts = read(tmp_path, dates_file("13/02/2026", "02/13/2026"), "p.csv", Platform.HACKERNEWS)
    reason = (
        "The file has dates with the day first and dates with the month first. Pass --date-order dmy or mdy."
    )
    assert lost(posts) == {
        "published": [(2, f'date "13/02/2026": {reason}'), (3, f'date "02/13/2026": {reason}')]
    }


@pytest.mark.parametrize(
    ("platform", "written", "url"),
    [
        (Platform.REDDIT, "/r/x/comments/s1/t/", "https://www.reddit.com/r/x/comments/s1/t/"),
        (Platform.REDDIT, "r/x/comments/s1/t/", "https://www.reddit.com/r/x/comments/s1/t/"),
        (Platform.REDDIT, "//www.reddit.com/r/x", "https://www.reddit.com/r/x"),
        (Platform.REDDIT, "old.reddit.com/r/x", "https://old.reddit.com/r/x"),
        (Platform.HACKERNEWS, "item?id=5", "https://news.ycombinator.com/item?id=5"),
        (Platform.X, "/ann/status/5", "https://x.com/ann/status/5"),
        (Platform.YOUTUBE, "/watch?v=v1", "https://www.youtube.com/watch?v=v1"),
        (Platform.GITHUB, "/o/r/issues/7", "https://github.com/o/r/issues/7"),
        (Platform.BLUESKY, "/profile/ann/post/3k", "https://bsky.app/profile/ann/post/3k"),
        (Platform.DEVTO, "/ann/post-1", "https://dev.to/ann/post-1"),
        (Platform.STACKOVERFLOW, "/questions/1", "https://stackoverflow.com/questions/1"),
        (Platform.NEWS, "/2026/post", None),
    ],
)
def test_relative_addresses_belong_to_the_platform(
    tmp_path: Path, platform: Platform, written: str, url: str | None
) -> None:
    (row,), _ = read(tmp_path, [{"id": "s1", "text": "t", "permalink": written}], platform=platform)
    assert (row.post.url if isinstance(row, PostRow) else None) == url


def test_long_texts_are_cut_with_a_mark_or_rejected(tmp_path: Path) -> None:
    long = {"id": 1, "title": "t" * 1001, "text": "x" * 20_001}
    rows, posts = read(tmp_path, [long], platform=Platform.HACKERNEWS)
    (post,) = posts_of(rows)
    assert (post.title, post.content) == ("t" * 996 + " […]", "x" * 19_996 + " […]")
    assert posts.usage.cut == {"title": 1, "content": 1}
    options = ImportOptions(long_texts=LongTexts.REJECT)
    assert read(tmp_path, [long], platform=Platform.HACKERNEWS, options=options)[0] == [
        RejectedRow(1, f'content "{"x" * 40}…": Must have at most 20,000 characters, but has 20,001.')
    ]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("sep=;\nid;title\n1;a,b\n", [1]),
        ("sep=^\nid^title\n1^a\n", [1]),
        ("\ufeffsep=,\r\nid,title\r\n1,a\r\n", [1]),
        ("Report of posts\nMade on: 1, 2 and 3\n\nid;title\n1;a,b\n2;c\n", [1, 2]),
        ('"A, quoted; preamble"\nid\ttitle\n1\ta\n', [1]),
        ('id, title, url\n1, "a, b", https://a.example/\n', [1]),
        ("id,title,url\n1,a,https://a.example/\n,,\n", [1]),
    ],
)  # fmt: skip
def test_lines_before_a_csv_header_are_skipped(tmp_path: Path, content: str, ids: list[int]) -> None:
    rows, posts = read(tmp_path, content, "p.csv", Platform.HACKERNEWS)
    assert [int(post.external_id) for post in posts_of(rows)] == ids
    assert posts.notes() in (
        [],
        ["Lines skipped before the header in line 4: 2."],
        ["Lines skipped before the header in line 2: 1."],
    )


POSTS = [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "document",
    [
        POSTS,
        {"data": POSTS, "paging": {"next": "x"}},
        {"page": 0, "nbHits": 2, "hits": POSTS, "query": ""},
        {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": POSTS},
        {
            "took": 1,
            "hits": {"total": {"value": 2}, "hits": [{"_index": "p", "_source": post} for post in POSTS]},
        },
        {
            "kind": "Listing",
            "data": {"after": None, "children": [{"kind": "t3", "data": post} for post in POSTS]},
        },
        [{"kind": "Listing", "data": {"children": [{"kind": "t1", "data": post}]}} for post in POSTS],
        {"data": {"search": {"edges": [{"cursor": "x", "node": post} for post in POSTS]}}},
        {"feed": [{"post": post} for post in POSTS], "cursor": "x"},
        {"status": "ok", "feed": {"title": "about the feed"}, "items": POSTS},
        {
            "id": "outbox.json",
            "type": "OrderedCollection",
            "orderedItems": [{"id": post["id"], "object": post} for post in POSTS],
        },
        {"name": "Channel", "id": 9, "messages": POSTS},
        {"id": "stream", "title": "Stream", "description": "of posts", "items": POSTS},
        {"data": {"posts": {"edges": [{"node": post} for post in POSTS]}}},
        {"items": [{**POSTS[0], "replies": {"comments": [POSTS[1]]}}]},
        {
            "kind": "Listing",
            "data": {
                "children": [
                    {
                        "kind": "t1",
                        "data": {
                            **POSTS[0],
                            "replies": {
                                "kind": "Listing",
                                "data": {"children": [{"kind": "t1", "data": POSTS[1]}]},
                            },
                        },
                    }
                ]
            },
        },
    ],
)
def test_arrays_in_a_json_file_are_read(tmp_path: Path, document: Any, indent: int | None) -> None:
    rows, _ = read(tmp_path, json.dumps(document, indent=indent), "p.json", Platform.HACKERNEWS)
    assert [(post.external_id, post.content) for post in posts_of(rows)] == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_page_without_posts_has_no_rows(tmp_path: Path, indent: int | None) -> None:
    for page in ({"hits": [], "page": 0}, {"kind": "Listing", "data": {"children": []}}):
        assert read(tmp_path, json.dumps(page, indent=indent), "p.json")[0] == [], page


def test_lists_in_lists_are_bounded(tmp_path: Path) -> None:
    good = '{"id": 1, "text": "a"}\n'
    rows, _ = read(tmp_path, good + "[" * 900 + "]" * 900 + "\n" + good, platform=Platform.HACKERNEWS)
    assert rows[1] == RejectedRow(2, "JSON, but not an object")
    assert len(rows) == 3


def test_a_single_damaged_line_of_json_is_rejected(tmp_path: Path) -> None:
    assert read(tmp_path, '{"id": 1, "text": "a"\n')[0] == [
        RejectedRow(1, "not JSON: it ends too early (column 22)")
    ]


def test_the_event_of_a_webhook_is_read_and_not_its_repository(tmp_path: Path) -> None:
    event = {
        "action": "opened",
        "issue": {"id": 5, "title": "T", "body": "b"},
        "repository": {"id": 1, "name": "r"},
    }
    rows, _ = read(tmp_path, [event], platform=Platform.HACKERNEWS)
    assert [(post.external_id, post.title, post.content) for post in posts_of(rows)] == [("5", "T", "b")]


def test_an_array_of_any_length_on_one_line_is_read(tmp_path: Path) -> None:
    many = [{"id": number, "text": "x" * 500} for number in range(3000)]
    for document in (many, {"page": 1, "items": many}):
        rows, _ = read(tmp_path, json.dumps(document), "p.json", Platform.HACKERNEWS)
        assert [post.external_id for post in posts_of(rows)] == [str(number) for number in range(3000)]


def test_pages_objects_over_several_lines_and_archives_of_x_are_read(tmp_path: Path) -> None:
    pages = "".join(json.dumps({"hits": [post]}) + "\n" for post in POSTS)
    objects = "\n".join(json.dumps(post, indent=2) for post in POSTS)
    archive = "window.YTD.tweets.part0 = " + json.dumps([{"tweet": post} for post in POSTS], indent=2)
    for content, name in ((pages, "p.jsonl"), (objects, "p.json"), (archive, "tweets.js")):
        rows, _ = read(tmp_path, content, name, Platform.HACKERNEWS)
        assert [post.external_id for post in posts_of(rows)] == ["1", "2"], name


def test_rows_of_an_array_have_the_lines_of_an_editor(tmp_path: Path) -> None:
    content = (
        '[\n{"id": 1, "text": "a"},\n{"id": 2,\n "text": ""},\n5,\n{"id": 3, "text": NaN, "title": "t"}\n]\n'
    )
    rows, _ = read(tmp_path, content, "p.json", Platform.HACKERNEWS)
    assert [row if isinstance(row, RejectedRow) else row.line for row in rows] == [
        2,
        RejectedRow(3, "content: Required, unless there is a title."),
        RejectedRow(5, "JSON, but not an object"),
        6,
    ]


def test_numbers_of_thousands_of_digits_end_no_import(tmp_path: Path) -> None:
    post = f'{{"id": 1, "text": "a", "score": {"9" * 4301}}}'
    for content in (f"[{post}]", f'{{"hits": [\n{post}]}}'):
        rows, _ = read(tmp_path, content, "p.json", Platform.HACKERNEWS)
        assert [isinstance(row, RejectedRow) for row in rows] == [False]
    rows, _ = read(tmp_path, f"{post}\n", "p.jsonl", Platform.HACKERNEWS)
    assert rows == [RejectedRow(1, "not JSON: a number is too large (column 33)")]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('[\n{"id": 1, "text": "a"},\n{"id": 2, "text": }\n]', 3, "not JSON: the syntax is wrong"),
        ('[\n{"id": 1, "text": "a"},\n', 3, "not JSON: the file ends before a ]"),
    ],
)
def test_a_damaged_array_is_read_up_to_the_damage(
    tmp_path: Path, content: str, line: int, reason: str
) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    rows: list[PostRow | RejectedRow] = []
    with pytest.raises(DamagedFileError) as caught, open_posts(path, Platform.HACKERNEWS) as posts:
        rows.extend(posts)
    assert [row.line for row in rows] == [2]
    assert (caught.value.line, caught.value.reason) == (line, reason)


@pytest.mark.parametrize(
    ("content", "name", "end"),
    [
        (b"PK\x03\x04..[Content_Types].xml", "p.csv", "is an Excel workbook (.xlsx). Save the sheet as CSV UTF-8."),
        (b"PK\x03\x04..", "posts.xlsx", "is an Excel workbook (.xlsx). Save the sheet as CSV UTF-8."),
        (b"PK\x03\x04..", "p.zip", "is a ZIP archive. Unpack it, and import the CSV or JSON file in it."),
        (b"\xd0\xcf\x11\xe0\xa1", "p.xls", "is an Excel workbook (.xls). Save the sheet as CSV UTF-8."),
        (b"\x28\xb5\x2f\xfd..", "RC.zst", "is compressed with Zstandard. Unpack it with `zstd -d --long=31 FILE`."),
        ("id,title\n1,a\n".encode("utf-16"), "p.csv", "is UTF-16. Save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8 FILE`."),
        ("id,title\n1,a\n".encode("utf-16-le"), "p.csv", "is UTF-16. Save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8 FILE`."),
        (b"<?xml version='1.0'?><rss>", "p.json", "is XML, such as an RSS feed. Convert it to JSON."),
        (b"\n<!DOCTYPE html>", "p.csv", "is an HTML page. Import CSV or JSON Lines."),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_told_by_name(tmp_path: Path, content: bytes, name: str, end: str) -> None:
    with pytest.raises(UnusableFileError) as refused:
        read(tmp_path, content, name)
    assert str(refused.value) == f"{tmp_path / name} {end}"
    if not name.endswith(".zst"):
        with pytest.raises(UnusableFileError):
            read(tmp_path, gzip.compress(content), name)


def read_id(text: str) -> tuple[type[Base], int] | None:
    models: dict[str, type[Base]] = {"M": Mention, "K": Keyword, "L": Lead}
    return (models[text[0]], int(text[1:])) if text[0] in models else None


OWN = ImportOptions(read_id=read_id)


def test_an_export_of_mentions_keeps_its_identities(tmp_path: Path) -> None:
    content = (
        "id,keywordId,platform,externalId,kind,url,content,likes,publishedAt,createdAt\n"
        "M1,K7,MASTODON,'-5,COMMENT,https://a.example/1,'=text,3,,2026-01-05T12:00:00+00:00\n"
        "M2,K7,X,7.91557E+17,POST,https://a.example/2,text,,2026-01-05T12:00:00+00:00,\n"
    )
    rows, _ = read(tmp_path, content, "p.csv", Platform.HACKERNEWS, OWN)
    assert [row.keyword_id if isinstance(row, PostRow) else None for row in rows] == [7, 7]
    first, second = posts_of(rows)
    without_id = "".join(line.partition(",")[2] + "\n" for line in content.splitlines())
    assert read(tmp_path, without_id, "p.csv", Platform.HACKERNEWS, OWN)[0] == rows
    assert first == NewPost(
        Platform.MASTODON, "-5", MentionKind.COMMENT, "https://a.example/1", None, "=text", "", None, 3, None, None
    )  # fmt: skip
    assert (second.platform, second.external_id, second.published_at) == (Platform.X, "7.91557E+17", NOON)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "L1", "title": "t"}, "id: This is an export of leads. Export mentions."),
        ({"id": "M1", "content": "t", "platform": "X"}, "id: This export lacks the column externalId. Export the columns platform and externalId too."),
        ({"id": "M1", "content": "t", "externalId": "5"}, "id: This export lacks the column platform. Export the columns platform and externalId too."),
    ],
)  # fmt: skip
def test_an_export_without_identities_is_rejected(
    tmp_path: Path, row: Mapping[str, Any], reason: str
) -> None:
    assert read(tmp_path, [row], platform=Platform.HACKERNEWS, options=OWN)[0] == [RejectedRow(1, reason)]


def test_a_platform_column_decides_for_its_row(tmp_path: Path) -> None:
    content = (
        "id,title,url,platform\n1,a,https://a.example,Twitter\n2,b,https://a.example,\n3,c,,Hacker News\n"
    )
    rows, _ = read(tmp_path, content, "p.csv", Platform.REDDIT)
    assert [post.platform for post in posts_of(rows)] == [Platform.X, Platform.REDDIT, Platform.HACKERNEWS]
