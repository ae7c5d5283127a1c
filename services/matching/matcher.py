"""Find the keywords that a text mentions, in one pass for any number of keywords.

An Aho-Corasick automaton finds every term of every keyword as a substring of the text without accents. The spelling
and the characters around the substring then decide whether the text mentions the term.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import ahocorasick

from db.models import MatchType
from text.normal_form import is_visible, normalized, without_accents
from text.words import is_mentioned, units

PHRASE_BREAK = " \0 "
"""Joins the normal forms of a title and a text so that no phrase matches across both. A normal form has no NUL."""


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
    return frozenset(term for term in map(normalized, texts) if is_visible(term))


def _rule(keyword: WatchedKeyword) -> _Rule | None:
    """Return the keyword's rule; None for a keyword without visible characters."""
    phrase = normalized(keyword.keyword)
    if not is_visible(phrase):
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


class Term:
    """A word or phrase to find in texts: its normal form.

    A word without accents finds all spellings of the word, and a word with accents only its own.
    """

    def __init__(self, text: str) -> None:
        self.text, self.plain = text, without_accents(text)
        self._accented: Sequence[tuple[int, str]] = () if self.plain == text else list(_accented_words(text))

    def is_spelled(self, text: str, start: int) -> bool:
        """Return whether the accented words of the term stand in the text, where the plain term stands."""
        return not self._accented or all(
            text.startswith(word, start + offset) for offset, word in self._accented
        )

    def offsets(self, text: str) -> list[int]:
        """Return the offsets of the term in a normal form."""
        found, plain = [], without_accents(text)
        at = plain.find(self.plain) if self.text else -1
        while at >= 0:
            end = at + len(self.plain)
            if self.is_spelled(text, at) and is_mentioned(text, at, end):
                found.append(at)
            at = plain.find(self.plain, end)
        return found


def _accented_words(text: str) -> Iterable[tuple[int, str]]:
    offset = 0
    for chunk in text.split(" "):
        for word in units(chunk):
            if word != without_accents(word):
                yield offset, word
            offset += len(word)
        offset += 1


class Matcher:
    """Finds keywords in texts. It compiles the keywords once: a changed keyword requires a new matcher."""

    def __init__(self, keywords: Iterable[WatchedKeyword]) -> None:
        self._rules_by_trigger: dict[str, list[_Rule]] = defaultdict(list)
        terms_by_plain: dict[str, dict[str, Term]] = defaultdict(dict)
        for rule in filter(None, map(_rule, keywords)):
            for term in rule.triggers:
                self._rules_by_trigger[term].append(rule)
            for term in rule.required | rule.any_of | rule.excluded:
                terms_by_plain[without_accents(term)][term] = Term(term)
        self._automaton = ahocorasick.Automaton()
        for plain, terms in terms_by_plain.items():
            self._automaton.add_word(plain, (len(plain), tuple(terms.values())))
        self._automaton.make_automaton()

    def match(self, text: str, platform: str) -> list[int]:
        """Return the IDs of the platform's keywords that the text mentions, in ascending order."""
        return self.match_normalized(normalized(text), platform) if self._rules_by_trigger else []

    def match_normalized(self, text: str, platform: str) -> list[int]:
        """Return the IDs of the platform's keywords that the normal form mentions, in ascending order."""
        if not self._rules_by_trigger:
            return []
        found = self._terms_in(text)
        candidates = {rule.id: rule for term in found for rule in self._rules_by_trigger.get(term, ())}
        return sorted(id_ for id_, rule in candidates.items() if rule.holds(found, platform))

    def _terms_in(self, text: str) -> set[str]:
        found: set[str] = set()
        for last, (length, terms) in self._automaton.iter(without_accents(text)):
            start, end = last + 1 - length, last + 1
            for term in terms:
                if term.text not in found and term.is_spelled(text, start) and is_mentioned(text, start, end):
                    found.add(term.text)
        return found


def occurrences(term: str, text: str) -> list[int]:
    """Return the offsets of the whole-word occurrences of a term. Both texts must be normalized."""
    return Term(term).offsets(text)
