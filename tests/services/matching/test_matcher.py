import time
import unicodedata
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.models import MatchType
from services.matching.matcher import Matcher
from text.normal_form import is_visible, normalized, without_accents
from text.words import is_mentioned as stands_alone
from text.words import units


@dataclass(frozen=True)
class Watched:
    keyword: str
    match_type: MatchType = MatchType.PHRASE
    required_terms: list[str] = field(default_factory=list)
    excluded_terms: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    id: int = 1


def matches(keyword: str | Watched, text: str, platform: str = "hackernews") -> bool:
    watched = Watched(keyword) if isinstance(keyword, str) else keyword
    found = Matcher([watched]).match(text, platform)
    assert found in ([], [watched.id])
    return found != []


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("crm", "Which CRM do you use?"),
        ("crm", "crm"),
        ("Open  Source", "an open\n\tsource\u00a0database, an OPEN SOURCE one"),
        ("don't", "I DON’T know"),  # noqa: RUF001
        ("e-mail", "by e\u2011mail"),
        ("c++", "C++20 and c++, both"),
        ("c#", "C#8"),
        (".net", "ASP.NET"),
        ("@handle", "cc:@handle"),
        ("#tag", "x#tag"),
        ("node.js", "(node.js)"),
        ("42", "the answer is 42."),
        ("strasse", "Straße"),
        ("STRASSE", "straße"),
        ("straße", "STRASSE"),
        ("find", "\ufb01nd"),
        ("istanbul", "İSTANBUL"),
        ("İstanbul", "istanbul"),
        ("café", "CAFE\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("οδός", "ΟΔΌΣ"),
        ("σοφός", "ΣΟΦΟΣ"),
        ("Ελλάδα", "ΕΛΛΑΔΑ"),
        ("Μαΐου", "ΜΑΪΟΥ"),
        ('צה"ל', "צה״ל"),
        ("구글", "구글에선"),
        ("구글", "구글이라면"),
        ("구글", "구글이네요"),
        ("구글", "구글치고는"),
        ("🇩🇪", "🇫🇷🇩🇪"),
        ("api", "\uff21\uff30\uff29"),
        ("カード", "\uff76\uff70\uff84\uff9e"),
        ("database", "data\u00adbase"),
        ("🚀", "ship it🚀🚀now"),
        ("❤", "❤\ufe0f"),
        ("👍", "x👍🏽x"),
        ("数据库", "开源数据库推荐"),
        ("python", "使用Python编程"),
        ("検索", "全文検索エンジン"),
        ("サーバ", "サーバー"),
        ("ภาษา", "เรียนภาษาไทย"),
        ("ພາສາ", "ຮຽນພາສາລາວ"),
        ("ភាសា", "រៀនភាសាខ្មែរ"),
        ("မြန်", "ကမြန်မာ"),
        ("поиск", "ПОИСК."),
        ("cafe", "cafe\u0301"),
        ("x", "x\u0301"),
        ("e", "é"),
        ("검색", "검색을"),
    ],
)
def test_a_keyword_matches_all_its_spellings(keyword: str, text: str) -> None:
    assert matches(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("crm", "crms"),
        ("crm", "scrm"),
        ("crm", "my_crm"),
        ("crm", "crm2"),
        ("crm", ""),
        ("open source", "opensource"),
        ("open source", "open the source"),
        ("open source", "source open"),
        ("c++", "xc++"),
        (".net", ".nets"),
        ("cafe\u0301", "cafe"),
        ("é", "e"),
        ("café", "cafè"),
        ("istanbul", "ıstanbul"),  # noqa: RUF001 - the other Turkish i
        ("поиск", "поиски"),
        ("1", "1\ufe0f\u20e3"),
        ("か", "が"),
        ("ก", "กิ"),
        ("검색", "검색어"),
        ("🇷🇪", "🇫🇷🇪🇸"),
        ("\u200b\u00ad", "\u00ad"),
        ("\u00ad", "text"),
    ],
)
def test_a_part_of_a_word_does_not_match(keyword: str, text: str) -> None:
    assert not matches(keyword, text)


def test_all_words_match_in_any_order() -> None:
    keyword = Watched("hosted postgres postgres", MatchType.ALL_WORDS)
    assert matches(keyword, "Postgres, well hosted")
    assert not matches(keyword, "hosted postgresql")
    assert not matches(Watched("\u00ad", MatchType.ALL_WORDS), "anything")


def test_any_word_matches_on_one_word() -> None:
    keyword = Watched("hosted postgres", MatchType.ANY_WORD)
    assert matches(keyword, "postgres at home")
    assert matches(keyword, "HOSTED")
    assert not matches(keyword, "postgresql host")
    assert not matches(Watched("\u00ad", MatchType.ANY_WORD), "anything")


def test_required_terms_must_occur_and_excluded_terms_must_not() -> None:
    keyword = Watched("crm", required_terms=["looking for", "cheap", " "], excluded_terms=["job ad", ""])
    assert matches(keyword, "Looking for a cheap CRM")
    assert not matches(keyword, "Looking for a CRM")
    assert not matches(keyword, "Looking for a cheap CRM (job ad)")
    assert matches(keyword, "Looking for a cheap CRM (job ads)")


def test_a_keyword_matches_only_on_its_platforms() -> None:
    keyword = Watched("crm", platforms=["reddit", "x"])
    assert matches(keyword, "crm", "reddit")
    assert not matches(keyword, "crm", "hackernews")


def test_matched_ids_are_sorted_and_distinct() -> None:
    keywords = [
        Watched("source", id=9),
        Watched("open source", id=3),
        Watched("Source open", MatchType.ALL_WORDS, id=5),
        Watched("open source open", MatchType.ANY_WORD, id=4),
        Watched("rce", id=1),
    ]
    assert Matcher(keywords).match("open source source", "x") == [3, 4, 5, 9]


def test_a_matcher_without_keywords_matches_nothing() -> None:
    assert Matcher([]).match("anything", "x") == []


ALPHABET = "aAbIiİıſß\ufb01éÉe\u0301\u0327\u0345 \n\u00a0_-'’+#.@1²\uff21中文カー\uff76\uff9eกิ검👍\u00ad\u200d\ufe0f\0\ud800"  # noqa: RUF001
TEXT = st.text(st.sampled_from(ALPHABET), max_size=12)
KEYWORDS = st.lists(
    st.builds(
        Watched,
        TEXT,
        st.sampled_from(MatchType),
        st.lists(TEXT, max_size=1),
        st.lists(TEXT, max_size=1),
        st.sampled_from([[], ["x"], ["reddit"]]),
    ),
    max_size=6,
)
SPACELESS_NAMES = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def is_word_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or unicodedata.category(character) in {"Nd", "Nl"}


def joined(text: str, at: int) -> bool:
    """Return whether the characters before and at the offset belong to one word, by their Unicode names."""
    if not 0 < at < len(text):
        return False
    left, right = text[at - 1], text[at]
    if "_" in left + right:
        before, after = text[:at].rstrip("_"), text[at:].lstrip("_")
        return bool(before and after) and is_word_character(before[-1]) and is_word_character(after[0])
    if not (is_word_character(left) and is_word_character(right)):
        return False
    if unicodedata.category(right).startswith("M"):
        return True
    names = [unicodedata.name(c, "") for c in (left, right)]
    hangul = {name.startswith("HANGUL") for name in names}
    return not any(name.startswith(SPACELESS_NAMES) for name in names) and len(hangul) == 1


def is_found(term: str, text: str) -> bool:
    for start in range(len(text)):
        end = start + len(term)
        part = text[start:end]
        if without_accents(part) != without_accents(term):
            continue
        words = [list(units(chunk)) for side in (term, part) for chunk in side.split(" ")]
        half = len(words) // 2
        pairs = zip(words[:half], words[half:], strict=True)
        spelled = all(
            own == other or own == without_accents(own)
            for owns, others in pairs
            for own, other in zip(owns, others, strict=True)
        )
        around = text[start - 1 : start] + text[end : end + 1]
        free = not joined(text, start) and not joined(text, end)
        if spelled and free and (not around.strip() or stands_alone(text, start, end)):
            return True
    return False


def is_mentioned(keyword: Watched, text: str, platform: str) -> bool:
    phrase, text = normalized(keyword.keyword), normalized(text)
    sought = [phrase] if keyword.match_type == MatchType.PHRASE else phrase.split()
    enough = any if keyword.match_type == MatchType.ANY_WORD else all
    return (
        is_visible(phrase)
        and enough(is_found(term, text) for term in sought)
        and all(is_found(term, text) for term in map(normalized, keyword.required_terms) if is_visible(term))
        and not any(
            is_found(term, text) for term in map(normalized, keyword.excluded_terms) if is_visible(term)
        )
        and (not keyword.platforms or platform in keyword.platforms)
    )


@given(KEYWORDS, TEXT)
@example([Watched("a"), Watched("aa"), Watched("a a")], "aa a aa")
def test_the_automaton_finds_what_a_plain_search_finds(keywords: list[Watched], text: str) -> None:
    numbered = [
        Watched(k.keyword, k.match_type, k.required_terms, k.excluded_terms, k.platforms, number)
        for number, k in enumerate(keywords)
    ]
    expected = [keyword.id for keyword in numbered if is_mentioned(keyword, text, "x")]
    assert Matcher(numbered).match(text, "x") == expected


@given(st.text(st.sampled_from(ALPHABET), min_size=1, max_size=12), TEXT, TEXT)
def test_a_keyword_between_spaces_matches(term: str, before: str, after: str) -> None:
    assert matches(term, f"{before} {term} {after}") == is_visible(normalized(term))


@given(st.text())
def test_equivalent_texts_have_the_same_normal_form(text: str) -> None:
    assert normalized(unicodedata.normalize("NFC", text)) == normalized(text)
    assert normalized(unicodedata.normalize("NFD", text)) == normalized(text)
    assert normalized(normalized(text)) == normalized(text)


@given(st.text(st.characters(exclude_categories=["No", "So", "Sk", "Sm", "Ps", "Pe"])))
def test_compatible_letters_have_the_same_normal_form(text: str) -> None:
    assert normalized(unicodedata.normalize("NFKC", text)) == normalized(text)
    assert normalized(unicodedata.normalize("NFKD", text)) == normalized(text)


@pytest.mark.parametrize(
    "part",
    [
        "crm=",
        "crm@",
        "crm&c ",
        "crm'",
        "crm.",
        "a-crm.",
        "https://crm?",
        "_crm",
        "crm_",
        "(crm",
        "crm\u0301",
        "R & ",
        "🇩",
    ],
)
def test_long_texts_take_time_in_proportion_to_their_length(part: str) -> None:
    text = "https://a.example/?" + part * (20_000 // len(part))
    matcher = Matcher([Watched(word, id=n) for n, word in enumerate(["crm", "R", "c", "a", "🇩"])])
    start = time.process_time()
    matcher.match(text, "x")
    assert time.process_time() - start < 3
