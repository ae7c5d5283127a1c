"""Search: each text that a keyword matches is found by a search for the keyword."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from db.engine.pool import Pool
from db.models import MatchType
from services.matching.matcher import Matcher
from text.lexemes import query, vector


@dataclass(frozen=True)
class Watched:
    keyword: str
    match_type: MatchType = MatchType.PHRASE
    required_terms: list[str] = field(default_factory=list)
    excluded_terms: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    id: int = 1


def is_matched(keyword: str, text: str) -> bool:
    return Matcher([Watched(keyword)]).match(text, "x") == [1]


async def is_found(pool: Pool, search: str, text: str, title: str | None = None) -> bool:
    found: bool = await pool.fetchval(
        "SELECT $1::tsvector @@ $2::text::tsquery", vector(title, text), query(search)
    )
    return found


PIECES = st.sampled_from(
    ["crm", "CRM", "é", "e\u0301", "e", "ß", "ς", "σ", "İ", "ı", "I", "中", "文", "カ", "ｶﾞ", "ก", "ิ", "삼성", "은", "5", "²", "™", "🚀", "👍🏽",  # noqa: RUF001
     "+", "++", "#", "@", ".", ".net", "/", ":", "&", "&amp;", "'", "’", "´", "_", "__", "(", ")", ",", "!", "*", "~", "\\", "<br>", "<b>", "\u00ad", "\u200b",  # noqa: RUF001
     " ", "\u00a0", "\n", "x", "node", "www.", "https://", "̈", "قه", "ـ", "َ", "—", "|", "%"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=8).map("".join)
KEYWORDS = st.lists(PIECES, min_size=1, max_size=5).map("".join)


def has_syntax(keyword: str) -> bool:
    chunks = keyword.split()
    return '"' in keyword or any(chunk.lower() == "or" or chunk.startswith("-") for chunk in chunks)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(keyword=KEYWORDS, before=TEXTS, after=TEXTS)
@example("C++", "Moving from ", " to Rust")
@example("crm/erp", "our ", ", now")
@example("Nextly.js", "(", ")!")
@example("gloxa.com", "https://", "/x?y")
@example("bob@gloxa.com", "mailto:", ".")
@example("#삼성", "", "은")
@example("(+", "", ")")
async def test_a_search_finds_what_the_keyword_finds(
    pool: Pool, keyword: str, before: str, after: str
) -> None:
    assume(not has_syntax(keyword))
    text = before + keyword + after
    if is_matched(keyword, text):
        assert await is_found(pool, keyword, text), (keyword, text)


@pytest.mark.parametrize(
    ("search", "text", "found"),
    [
        ("C++", "We love C++!", True),
        ("C++", "C# is fine, and C", False),
        ("C#", "C++ and #tags", False),
        ("c", "C++", True),
        (".net", "the net", False),
        ("#pricing", "our pricing #1", False),
        ("crm/erp", "a CRM/ERP", True),
        ("crm/erp", "a CRM, an ERP", False),
        ("Nextly.js", "NEXTLY.JS rocks", True),
        ("gloxa.com", "https://gloxa.com/x", True),
        ("https://gloxa.com/x", "see https://gloxa.com/x.", True),
        ("sales@gloxa.com", "mail sales@gloxa.com!", True),
        ("e-mail", "by e‑mail", True),  # noqa: RUF001
        ("café", "cafe\u0301", True),
        ("cafe", "café", True),
        ("café", "cafe", False),
        ("api", "ＡＰＩ", True),  # noqa: RUF001
        ("strasse", "Straße", True),
        ("οδος", "ΟΔΟΣ", True),
        ("σοφός", "ΣΟΦΟΣ", True),
        ('צה"ל', "צה״ל!", True),
        ('5" screen', "a 5” screen", True),
        ('-x"y z', "z", True),
        ("“no code”", "no code", True),
        ("„no code“", "code no", False),
        ("-«no code» z", "z no code", False),
        ("東京", "東京都", True),
        ("東京", "京都と東", False),
        ("🚀", "ship it🚀now", True),
        ("AT&T", "AT&amp;T", True),
        ("href", '<a href="x">y</a>', False),
        ('"no code"', "no<br>code", True),
        ('"no code"', "code no", False),
        ("-crm sales", "sales", True),
        ("-crm sales", "crm sales", False),
        ("crm or -sales", "nothing", True),
        ('sales "new crm', "the new CRM of sales", True),
    ],
)
async def test_searches_have_the_words_of_matching(pool: Pool, search: str, text: str, found: bool) -> None:
    assert await is_found(pool, search, text) is found


@pytest.mark.parametrize(
    "text",
    ["the " * 300 + "new crm", "a b " * 4_990 + "new crm", "东" * 19_990 + "new crm", "x" * 19_990 + " new crm", "🚀" * 19_000 + " new crm", "_" * 19_990 + " new crm", "word. " * 3000 + "new crm"],
)  # fmt: skip
async def test_the_end_of_a_long_text_is_found(pool: Pool, text: str) -> None:
    assert await is_found(pool, '"new crm"', text[:20_000])


async def test_a_title_and_a_text_are_searched_together(pool: Pool) -> None:
    assert await is_found(pool, "crm sales", "sales", "CRM")
    assert not await is_found(pool, "crm sales", "sales", "")
