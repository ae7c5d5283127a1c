"""Lexemes of the search: of texts for the index, and of queries.

The words are those of matching, with positions for phrases. Signs are lexemes, too, alone and together with their
neighbours: `c++` is the word `c` and the signs `c+`, `++` and `+`. A search for a keyword therefore finds each text
that matching finds: a part of a text at word boundaries has only lexemes that the text has.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

from text.normal_form import QUOTES, normalized, without_accents
from text.words import LONGEST_PARTICLE, in_word, is_hangul, is_particle, units

_OPENING = frozenset("\"'([{<*_~¡¿‹「『《（")  # noqa: RUF001
_CLOSING = frozenset(".,;:!?…)]}>\"'*_~›」』》。、")  # noqa: RUF001
_CLOSING_QUOTE = re.compile(f"[{QUOTES}]")
_LONGEST_LEXEME = 200
_LONGEST_CACHED, _MOST_CACHED = 40, 65_536
_LAST_POSITION = 16_383
_MOST_POSITIONS = 255
_WEIGHT_A, _WEIGHT_B = 3 << 14, 2 << 14
LONG = " long"
"""The lexeme of texts with more positions than PostgreSQL stores. Words contain no space."""
OLD = " old"
"""The lexeme of rows that the database indexed itself, because the writer gave no lexemes."""
NONE = " none"
"""A lexeme that no text has."""


class Lexemes(NamedTuple):
    """The lexemes of a text between two spaces: the spellings of each word, and the signs."""

    words: tuple[tuple[str, ...], ...]
    signs: tuple[str, ...]


_COUNT, _ONE_POSITION = struct.Struct("!i"), struct.Struct("!BHH")


def _split(chunk: str) -> Lexemes:
    if chunk.isascii() and chunk.isalnum():
        return Lexemes(((chunk[:_LONGEST_LEXEME],),), ())
    parts = list(units(chunk))
    words = tuple(_spellings(unit) for unit in parts if in_word(unit[0]))
    signs = dict.fromkeys(unit[0] for unit in parts if not in_word(unit[0]))
    for left, right in pairwise(_core(parts)):
        if not (in_word(left[0]) and in_word(right[0])):
            signs |= dict.fromkeys(map("".join, product(_spellings(left), _spellings(right))))
    return Lexemes(words, tuple(signs))


class _Known(dict[str, str | Lexemes]):
    """The lexemes of frequent chunks. A chunk that is one plain word is itself its lexeme."""

    def __missing__(self, chunk: str) -> str | Lexemes:
        found = _split(chunk)
        plain = found == Lexemes(((chunk,),), ())
        if len(chunk) <= _LONGEST_CACHED:
            if len(self) >= _MOST_CACHED:
                self.clear()
            self[chunk] = chunk if plain else found
        return chunk if plain else found


_KNOWN = _Known()


def _core(parts: list[str]) -> list[str]:
    """Return the words and signs without the punctuation around them."""
    start, end = 0, len(parts)
    while start < end and parts[start] in _OPENING:
        start += 1
    while start < end and parts[end - 1] in _CLOSING:
        end -= 1
    return parts[start:end]


def _spellings(unit: str) -> tuple[str, ...]:
    """Return the word as it is, without accents, and without Korean particles."""
    word = unit[:_LONGEST_LEXEME]
    if word.isascii():
        return (word,)
    spellings = {word: None, without_accents(word): None}
    if is_hangul(word[-1]):
        for at in range(max(1, len(word) - LONGEST_PARTICLE), len(word)):
            if is_hangul(word[at - 1]) and is_particle(word[at:]):
                spellings[word[:at]] = None
    return tuple(spellings)


def vector(title: str | None, content: str) -> bytes:
    """Return the lexemes of a post in PostgreSQL's binary form of a tsvector, with weights A and B."""
    places: dict[str, list[int]] = {}
    last = 0
    if title:
        last = _place(places, normalized(title), 0, _WEIGHT_A)
    last = _place(places, normalized(content), last, _WEIGHT_B)
    return _completed(places, last)


def vector_of_fields(fields: Iterable[str | None], version: int) -> bytes | None:
    """Return the lexemes of the fields of a row in the same form, or None without words.

    A phrase is found within one field alone. The version of the row is a lexeme, too, so that a new version always has
    another vector.
    """
    places: dict[str, list[int]] = {}
    last = 0
    for text in filter(None, fields):
        last = _place(places, normalized(text), last, _WEIGHT_B) + 1
    return _completed({f" {version}": [], **places}, last) if places else None


def _completed(places: dict[str, list[int]], last: int) -> bytes:
    if last > _LAST_POSITION or max(map(len, places.values()), default=0) > _MOST_POSITIONS:
        places[LONG] = []
    return _binary(places)


def _place(places: dict[str, list[int]], text: str, last: int, weight: int) -> int:
    """Add the lexemes of the normal form, and return the position of its last word."""
    for chunk in text.split(" ") if text else ():
        lexemes = _KNOWN[chunk]
        if isinstance(lexemes, str):  # the usual case: the chunk is a word
            last += 1
            position = (last if last < _LAST_POSITION else _LAST_POSITION) | weight  # noqa: FURB136 - faster
            if lexemes in places:
                places[lexemes].append(position)
            else:
                places[lexemes] = [position]
        else:
            last = _place_signs_and_words(places, lexemes, last, weight)
    return last


def _place_signs_and_words(places: dict[str, list[int]], lexemes: Lexemes, last: int, weight: int) -> int:
    for spellings in lexemes.words:
        last += 1
        for word in spellings:
            places.setdefault(word, []).append(min(last, _LAST_POSITION) | weight)
    for sign in lexemes.signs:
        if sign not in places:
            places[sign] = []
    return last


def _binary(places: dict[str, list[int]]) -> bytes:
    parts = [
        lexeme.encode() + (_one(*positions) if len(positions) == 1 else _several(positions))
        for lexeme, positions in places.items()
    ]
    return _COUNT.pack(len(places)) + b"".join(parts)


@lru_cache(maxsize=4096)
def _one(position: int) -> bytes:
    return _ONE_POSITION.pack(0, 1, position)


def _several(positions: list[int]) -> bytes:
    """Return the positions without those that PostgreSQL does not store."""
    if positions and positions[-1] & _LAST_POSITION == _LAST_POSITION:
        positions = sorted(set(positions))
    kept = positions[:_MOST_POSITIONS]
    return _packer(len(kept)).pack(0, len(kept), *kept)


@lru_cache(maxsize=512)
def _packer(positions: int) -> struct.Struct:
    return struct.Struct(f"!BH{positions}H")


class UnclosedQuoteError(Exception):
    """A quote in a search is not closed."""


class Term(NamedTuple):
    """A word or a phrase of a search, in normal form."""

    text: str
    excluded: bool


def parse(search: str) -> list[list[Term]]:
    """Return the alternatives of a search, each a list of terms. Raise `UnclosedQuoteError`.

    The syntax is words, "phrases", `or`, and a minus before an excluded word or phrase. A quote within a word is a
    sign, as in Hebrew abbreviations. Quotes have any shape.
    """
    alternatives: list[list[Term]] = [[]]
    for piece, quoted, excluded in _pieces(search):
        if not quoted and not excluded and piece.lower() == "or":
            alternatives.append([])
        elif term := normalized(piece):
            alternatives[-1].append(Term(term, excluded))
    return [terms for terms in alternatives if terms]


def _pieces(search: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield the words and phrases of a search, whether each is a phrase, and whether it is excluded."""
    at = 0
    while at < len(search):
        if search[at].isspace():
            at += 1
            continue
        start = at
        while search[at : at + 1] == "-":
            at += 1
        excluded = (at - start) % 2 == 1
        if search[at : at + 1] in QUOTES and at < len(search):
            closing = _CLOSING_QUOTE.search(search, at + 1)
            if closing is None:
                raise UnclosedQuoteError
            yield search[at + 1 : closing.start()], True, excluded
            at = closing.end()
        else:
            start = at
            while at < len(search) and not search[at].isspace():
                at += 1
            yield search[start:at], False, excluded


def query(search: str) -> str:
    """Return the condition of a search as the text of a tsquery."""
    return _any_of(_all_of(map(_condition, terms)) for terms in _closed(search))


def rank_query(search: str) -> str:
    """Return the words and phrases of a search as the text of a tsquery, for ranking."""
    return _any_of(_all_of(map(_ranked, terms)) for terms in _closed(search))


def _closed(search: str) -> list[list[Term]]:
    """Return the alternatives. Saved queries of earlier releases may end within a quote."""
    try:
        return parse(search)
    except UnclosedQuoteError:
        return parse(f'{search}"')


def _condition(term: Term) -> str:
    words, signs = _of_term(term.text)
    conditions = [_quoted(sign) for sign in signs]
    if len(words) > 1:
        # Positions are missing in long texts, where a phrase is found by its words.
        every = " & ".join(map(_quoted, [LONG, *dict.fromkeys(words)]))
        conditions.append(f"({_phrase(words)} | {every})")
    else:
        conditions += map(_quoted, words)
    return _signed(" & ".join(conditions), term)


def _ranked(term: Term) -> str:
    words, signs = _of_term(term.text)
    return _signed(_phrase(words) if words else " & ".join(map(_quoted, signs)), term)


def _of_term(text: str) -> tuple[list[str], list[str]]:
    """Return the words, each as it is spelled, and the signs."""
    words: list[str] = []
    signs: dict[str, None] = {}
    for chunk in text.split(" "):
        parts = list(units(chunk))
        words += (unit[:_LONGEST_LEXEME] for unit in parts if in_word(unit[0]))
        signs |= dict.fromkeys(unit[0] for unit in parts if not in_word(unit[0]))
        for left, right in pairwise(_core(parts)):
            if not (in_word(left[0]) and in_word(right[0])):
                signs[left[:_LONGEST_LEXEME] + right[:_LONGEST_LEXEME]] = None
    return words, list(signs)


def _phrase(words: Iterable[str]) -> str:
    return " <-> ".join(map(_quoted, words))


def _signed(condition: str, term: Term) -> str:
    return f"!({condition})" if term.excluded else f"({condition})"


def _all_of(conditions: Iterable[str]) -> str:
    return " & ".join(conditions)


def _any_of(conditions: Iterable[str]) -> str:
    return " | ".join(conditions) or _quoted(NONE)


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
