"""Find the keywords that a text mentions, in one pass for any number of keywords.

An Aho-Corasick automaton finds every term of every keyword as a substring. The characters around the substring then
decide whether it is a whole word.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import ahocorasick

from db.models import MatchType

_APOSTROPHES = "‘’‛ʼ"  # noqa: RUF001 - look-alikes on purpose
_HYPHENS = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
# Invisible characters: soft hyphens, joiners, directional marks and variation selectors.
_INVISIBLE = (
    *(0x00AD, 0x034F, 0x061C, 0xFEFF),
    *range(0x200C, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE01F0),
)
_FOLDED = {
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **dict.fromkeys(_INVISIBLE),
}
# Blocks of scripts that write words without spaces between them.
_SPACELESS = (
    *(range(0x0E00, 0x0F00), range(0x1000, 0x10A0), range(0x1780, 0x1800)),  # Thai, Lao; Myanmar; Khmer
    *(range(0xA9E0, 0xAA00), range(0xAA60, 0xAA80)),  # Myanmar, extended
    *(range(0x2E80, 0x2FE0), range(0x3005, 0x3008), range(0x3021, 0x3030), range(0x3038, 0x303C)),  # Han
    *(range(0x3040, 0x3100), range(0x31F0, 0x3200), range(0x1AFF0, 0x1B170)),  # Hiragana, Katakana
    *(range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x40000)),  # Han
)


PHRASE_BREAK = " \0 "
"""Joins a title and a text so that no phrase matches across both: texts and keywords cannot contain NUL."""


def normalized(text: str) -> str:
    """Return the text in the form in which texts are compared.

    The form ignores case, white space, invisible characters, the shape of apostrophes and hyphens, and canonical and
    compatibility differences (Unicode 3.13, D146, but composed). The Turkish İ becomes a plain i.
    """
    return " ".join((text.lower() if text.isascii() else _folded(text)).split())


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold()).casefold()
    return unicodedata.normalize("NFKC", folded.translate(_FOLDED).replace("i\u0307", "i"))


class WatchedKeyword(Protocol):
    """The columns of a keyword that matching depends on."""

    @property
    def id(self) -> int: ...
    @property
    def keyword(self) -> str: ...
    @property
    def match_type(self) -> MatchType: ...
    @property
    def required_terms(self) -> Sequence[str]: ...
    @property
    def excluded_terms(self) -> Sequence[str]: ...
    @property
    def platforms(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class _Rule:
    """A keyword's rule: all of `required`, one of a non-empty `any_of`, and none of `excluded` must occur."""

    id: int
    required: frozenset[str]
    any_of: frozenset[str]
    excluded: frozenset[str]
    platforms: frozenset[str]

    @property
    def triggers(self) -> Iterable[str]:
        """Terms of which at least one occurs in every match. Empty for a rule that never matches."""
        return self.any_of or sorted(self.required, key=len)[-1:]

    def holds(self, found: set[str], platform: str) -> bool:
        return (
            self.required <= found
            and (not self.any_of or not self.any_of.isdisjoint(found))
            and self.excluded.isdisjoint(found)
            and (not self.platforms or platform in self.platforms)
        )


def _terms(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(term for term in map(normalized, texts) if term)


def _rule(keyword: WatchedKeyword) -> _Rule | None:
    """Return the keyword's rule; None for a keyword without visible characters."""
    phrase = normalized(keyword.keyword)
    if not phrase:
        return None
    words = frozenset(phrase.split(" "))
    required = {
        MatchType.PHRASE: frozenset({phrase}),
        MatchType.ALL_WORDS: words,
        MatchType.ANY_WORD: frozenset[str](),
    }[keyword.match_type]
    return _Rule(
        keyword.id,
        required | _terms(keyword.required_terms),
        words if keyword.match_type == MatchType.ANY_WORD else frozenset(),
        _terms(keyword.excluded_terms),
        frozenset(keyword.platforms),
    )


class Matcher:
    """Finds keywords in texts. It compiles the keywords once: a changed keyword requires a new matcher."""

    def __init__(self, keywords: Iterable[WatchedKeyword]) -> None:
        self._rules_by_trigger: dict[str, list[_Rule]] = defaultdict(list)
        self._automaton = ahocorasick.Automaton()
        for rule in filter(None, map(_rule, keywords)):
            for term in rule.triggers:
                self._rules_by_trigger[term].append(rule)
            for term in rule.required | rule.any_of | rule.excluded:
                self._automaton.add_word(term, term)
        self._automaton.make_automaton()

    def match(self, text: str, platform: str) -> list[int]:
        """Return the IDs of the platform's keywords that the text mentions, in ascending order."""
        if not self._rules_by_trigger:
            return []
        found = self._terms_in(normalized(text))
        candidates = {rule.id: rule for term in found for rule in self._rules_by_trigger.get(term, ())}
        return sorted(id_ for id_, rule in candidates.items() if rule.holds(found, platform))

    def _terms_in(self, text: str) -> set[str]:
        found: set[str] = set()
        for last, term in self._automaton.iter(text):
            if term not in found and _is_whole(text, last + 1 - len(term), last + 1):
                found.add(term)
        return found


def occurrences(term: str, text: str) -> list[int]:
    """Return the offsets of the whole-word occurrences of a term. Both texts must be normalized."""
    offsets, at = [], text.find(term) if term else -1
    while at >= 0:
        if _is_whole(text, at, at + len(term)):
            offsets.append(at)
        at = text.find(term, at + len(term))
    return offsets


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return whether the substring begins and ends at word boundaries."""
    return not (start > 0 and _joined(text[start - 1], text[start])) and not (
        end < len(text) and _joined(text[end - 1], text[end])
    )


@lru_cache(maxsize=65_536)
def _joined(left: str, right: str) -> bool:
    """Return whether two adjacent characters belong to one word. A mark always belongs to the letter before it."""
    if not (_in_word(left) and _in_word(right)):
        return False
    return unicodedata.category(right)[0] == "M" or not (_is_spaceless(left) or _is_spaceless(right))


def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _is_spaceless(character: str) -> bool:
    return any(ord(character) in block for block in _SPACELESS)
