"""Texts through the API: matching, search, analysis and keywords agree on what a text says."""

import unicodedata
from typing import Any

import pytest

from db.engine.pool import Pool
from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from resolvers.framework.global_id import encode
from services.importing.post_rows import PostRow
from services.importing.run import find_matcher, import_posts
from tests.support.world import Ask, World

INGEST = """
mutation($input: IngestMentionsInput!) {
  ingestMentions(input: $input) { results { outcome mentions { keyword { keyword } mention { id content } } } }
}
"""
SEARCH = "query($s: String!) { mentions(first: 100, filter: {search: $s}) { nodes { externalId content } } }"
# A keyword, a text, and whether the text mentions the keyword.
CASES: list[tuple[str, str, bool]] = [
    ("Leadgraph", "Leadgraph™ and Leadgraph℠", True),
    ("Leadgraph", "Leadgraph² is described", True),
    ("Leadgraph", "__Leadgraph__ is great", True),
    ("Leadgraph", "Leadgraph를 써봤다", True),
    ("Leadgraph", "Leadgraph´s API", True),
    ("Leadgraph", "lead\u200bgra\u00adph", True),
    ("Leadgraph", "https://leadgraph.example/pricing", True),
    ("Leadgraph", "#leadgraph_rocks", False),
    ("Leadgraph", "mail team@leadgraph.example", False),
    ("AT&T", "AT&amp;T is down", True),
    ("AT&T", "ＡＴ＆Ｔ", True),
    ("McDonald's", "McDonald&#x27;s, McDonald′s", True),
    ("no code", "no<br>code", True),
    ("삼성", "삼성은 좋다", True),
    ("expedition", "expédition 33", True),
    ("café", "cafe latte", False),
    ("café", "cafe\u0301 latte", True),
    ("ışık", "Işık", True),
    ("قهوة", "قَهـــوة", True),
    ("#pricing", '<a href="https://m.example/tags/x" rel="tag">#<span>pricing</span></a>', True),
    ("#pricing", "https://a.example/plans#pricing", False),
    ("AI", "n’ai pas", False),
    ("AI", "an AI", True),
    ("href", '<a href="https://a.example" rel="nofollow">x</a>', False),
    ("R", "R&amp;D budget", False),
    (".NET", "see www.behance.net/gallery", False),
    (".NET", "ASP.NET core", True),
    ("C++", "We love C++!", True),
    ("C++", "C#7 is out", False),
    ("C#", "C#7 is out", True),
    ("crm/erp", "a CRM/ERP suite", True),
    ("Nextly.js", "(Nextly.js)", True),
    ("gloxa.com", "https://gloxa.com/x?y", True),
    ("hello@gloxa.com", "hello@gloxa.com wrote", True),
    ("e-mail", "by e‑mail", True),
    ("Straße", "STRASSE", True),
    ("ΟΔΟΣ", "οδος", True),
    ("東京", "東京都に住む", True),
    ("🚀", "ship it🚀now", True),
    ("mango", "mango <b>fru</b>it", False),
    ("mango", "mango #recipe", False),
    ("mango", "a mango", True),
    ("a < b", "if a < b and c > d", True),
]
EXCLUDED = {"mango": ["fruit", "#recipe"]}


@pytest.fixture
async def keywords(world: World) -> dict[str, int]:
    return {
        keyword: await world.add_keyword("ann", keyword, excluded_terms=EXCLUDED.get(keyword, []))
        for keyword in dict.fromkeys(keyword for keyword, _, _ in CASES)
    }


def item(number: int, text: str) -> dict[str, object]:
    return {"platform": "OTHER", "externalId": str(number), "url": "https://a.example/1", "content": text}


async def ingest(ask: Ask, *texts: str, **more: object) -> list[Any]:
    items = [item(number, text) for number, text in enumerate(texts)]
    answer = await ask(INGEST, input={"items": items, **more})
    results: list[Any] = answer.data["ingestMentions"]["results"]
    return results


async def test_a_text_is_matched_and_found_in_every_spelling(ask: Ask, keywords: dict[str, int]) -> None:
    """The original text is returned. A search for a keyword finds each post that mentions the keyword."""
    results = await ingest(ask, *(text for _, text, _ in CASES))
    for number, ((keyword, text, right), result) in enumerate(zip(CASES, results, strict=True)):
        found = {mention["keyword"]["keyword"] for mention in result["mentions"]}
        assert (keyword in found) is right, (keyword, text)
        assert {mention["mention"]["content"] for mention in result["mentions"]} <= {text}
        if right:
            nodes = (await ask(SEARCH, s=keyword)).data["mentions"]["nodes"]
            assert str(number) in {node["externalId"] for node in nodes}, (keyword, text)


async def test_imported_posts_are_matched_like_ingested_ones(
    ask: Ask, pool: Pool, keywords: dict[str, int]
) -> None:
    ingested = await ingest(ask, *(text for _, text, _ in CASES))
    matcher = await find_matcher(pool, "ann@example.com")
    assert matcher is not None
    posts = [
        NewPost(
            Platform.BLOG,
            str(n),
            MentionKind.POST,
            "https://a.example",
            None,
            text,
            "",
            None,
            None,
            None,
            None,
        )
        for n, (_, text, _) in enumerate(CASES)
    ]
    await import_posts(pool, matcher, [PostRow(n, post) for n, post in enumerate(posts)])
    for number, result in enumerate(ingested):
        stored = await pool.fetch(
            "SELECT keyword FROM mentions JOIN keywords ON keywords.id = keyword_id "
            "WHERE platform = 'blog' AND external_id = $1 ORDER BY keyword_id",
            str(number),
        )
        assert [row["keyword"] for row in stored] == [
            mention["keyword"]["keyword"] for mention in result["mentions"]
        ]


async def test_searches_with_signs_tell_words_apart(ask: Ask, world: World) -> None:
    await world.add_keyword("ann", "zorb")
    await ingest(ask, "zorb in C++", "zorb in C#", "zorb in C", "zorb.js", "zorb js", "#zorb")

    async def found(search: str) -> set[str]:
        return {node["content"] for node in (await ask(SEARCH, s=search)).data["mentions"]["nodes"]}

    assert await found("C++") == {"zorb in C++"}
    assert await found("c#") == {"zorb in C#"}
    assert await found("C -C++ -C#") == {"zorb in C"}
    assert await found("zorb.js") == {"zorb.js"}
    assert await found("#zorb") == {"#zorb"}
    assert await found('"zorb js" or #ZORB') == {"zorb.js", "zorb js", "#zorb"}


MOODS = [
    ("zorbflow isn't good at all", "zorbflow isn&#x27;t good at all"),
    ("zorbflow isn't good at all", "zorbflow isn’t good at all"),
    ("Looking to buy zorbflow", "Looking<p>to buy zorbflow"),
    ("I'm done with zorbflow", "I&#x27;m done with zorbflow"),
    ("zorbflow is great", '<a href="https://awful.example/terrible">zorbflow</a> is gre<wbr>at'),
    ("zorbflow works great", "zorb\u00adflow works\u200b gr\u00adeat"),
]
ANALYSES = """{ mentions(first: 100, orderBy: OLDEST) { nodes { externalId analysis {
    sentiment sentimentScore intent intentScore relevance relevanceScore relevanceReason
} } } }"""


async def test_the_analysis_reads_the_text_below_the_markup(ask: Ask, world: World) -> None:
    await world.add_keyword("ann", "zorbflow")
    await ingest(ask, *(text for pair in MOODS for text in pair), analyze=True)
    nodes = (await ask(ANALYSES)).data["mentions"]["nodes"]
    by_id = {node["externalId"]: node["analysis"] for node in nodes if node["analysis"]}
    for number, (plain, marked) in enumerate(MOODS):
        assert by_id[str(2 * number)] == by_id[str(2 * number + 1)], (plain, marked)
    assert by_id["1"]["sentiment"] == "NEGATIVE"
    assert [by_id[number]["intent"] for number in ("5", "7")] == ["BUYING", "CHURN_RISK"]


CREATE = "mutation($k: String!) { createKeyword(input: {keyword: $k}) { keyword { keyword } userErrors { code message path } } }"
ALIKE = ["café  latte", "CAFÉ LATTE", unicodedata.normalize("NFD", "café latte"), "café\u00a0latte", "ｃａｆé latte", "ca\u200bfé latte", "café latte™", "café latt\u00ade"]  # fmt: skip


async def test_keywords_that_look_alike_are_one_keyword(ask: Ask) -> None:
    assert (await ask(CREATE, k="café latte")).data["createKeyword"]["userErrors"] == []
    for keyword in ALIKE:
        payload = (await ask(CREATE, k=keyword)).data["createKeyword"]
        assert payload["keyword"] is None
        assert [error["code"] for error in payload["userErrors"]] == ["ALREADY_EXISTS"], keyword
    assert (await ask(CREATE, k="cafe latte")).data["createKeyword"]["userErrors"] == []


@pytest.mark.parametrize(
    "keyword", ["\u200b", "\u00ad\u2060", "\u3164", "\u2800", "\u0301", "\ufe0f", "\u202e"]
)
async def test_a_keyword_without_a_visible_character_is_refused(ask: Ask, keyword: str) -> None:
    assert (await ask(CREATE, k=keyword)).data["createKeyword"] == {
        "keyword": None,
        "userErrors": [
            {"code": "INVALID", "message": "Must contain a visible character.", "path": ["input", "keyword"]}
        ],
    }


async def test_a_renamed_keyword_leaves_its_words_to_others(ask: Ask, world: World) -> None:
    rename = "mutation($id: ID!, $k: String!) { updateKeyword(input: {id: $id, keyword: $k}) { userErrors { code } } }"
    first = encode("Keyword", await world.add_keyword("ann", "first"))
    assert (await ask(CREATE, k="second")).data["createKeyword"]["userErrors"] == []
    assert (await ask(rename, id=first, k="Ｓecond")).data["updateKeyword"]["userErrors"] == [
        {"code": "ALREADY_EXISTS"}
    ]
    assert (await ask(rename, id=first, k="third")).data["updateKeyword"]["userErrors"] == []
    assert (await ask(CREATE, k="FIRST")).data["createKeyword"]["userErrors"] == []
