"""The normal form of a text, in which texts, keywords and searches are compared.

Decision 0020 has the rules and their reasons.
"""

import hashlib
import re
import unicodedata

from text.markup import plain

_APOSTROPHES = "'`´‘’‛′‵ʹʻʼʽˊˋꞌ՚׳＇｀"  # noqa: RUF001 - look-alikes on purpose
QUOTES = '"“”„‟«»″‶״＂'  # noqa: RUF001
_TRADE_MARKS = "™℠®©℗"
_BLANK = "\u2800"
_TURKISH = frozenset("ıİğĞşŞ")
_LETTERS = re.compile(r"[^\W\d_]+")
_ELIDED_AI = re.compile(rf"(?<![^\W_])([ldLD]|[A-Za-z]{{1,3}}ll)[{_APOSTROPHES}](?=AI(?![^\W_]))")
# Invisible characters besides the category Cf: joiners, fillers, variation selectors.
_INVISIBLE = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)),
    )
)
# Vowel points and cantillation of Arabic and Hebrew, and the tatweel. A hamza or madda belongs to its letter.
_POINTS = frozenset(
    (
        *(0x0640, 0x0670, 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7),
        *(*range(0x0591, 0x05BE), *range(0x0610, 0x061B), *range(0x064B, 0x0653), *range(0x0656, 0x0660)),
        *(*range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5), 0x06E7, 0x06E8, *range(0x06EA, 0x06EE)),
        *(*range(0x08D3, 0x08E2), *range(0x08E3, 0x0900)),
    )
)
# Accents without a composed letter are decoration, such as strokes through letters.
_LOOSE_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]+")
# Accents that Greek omits in capitals. The dialytika stays.
_GREEK_ACCENTS = re.compile("([\u0370-\u03ff])([\u0300-\u036f]+)")
_MOST_CACHED = 65_536
_CONTROLS = bytes(code for code in range(128) if not chr(code).isprintable() and not chr(code).isspace())
_LONGEST_FORM = 400  # an index of PostgreSQL takes 2,700 bytes


def normalized(text: str) -> str:
    """Return the normal form of the text. Normalize a text once: decoded entities may look like tags.

    The form ignores markup, case, white space, invisible characters, trade marks, the shape of apostrophes, quotes
    and hyphens, Arabic and Hebrew vowel points, and canonical and compatibility differences. It keeps accents,
    except those of Greek, which capitals omit.
    """
    if "<" in text or "&" in text:
        text = plain(text)
    if not text.isascii():
        return _folded(_ELIDED_AI.sub(r"\1' ", text) if "AI" in text else text)
    if "'" in text or "`" in text:
        text = _ELIDED_AI.sub(r"\1' ", text.replace("`", "'")) if "AI" in text else text.replace("`", "'")
    folded = " ".join(text.lower().split())
    kept = folded.encode().translate(None, _CONTROLS)
    return folded if len(kept) == len(folded) else " ".join(kept.decode().split())


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    if not _TURKISH.isdisjoint(text):
        text = _LETTERS.sub(lambda word: _turkish(word[0]), text)
    folded = _GREEK_ACCENTS.sub(_without_greek_accents, text.translate(_FOLD).replace("i\u0307", "i"))
    folded = _LOOSE_ACCENTS.sub("", unicodedata.normalize("NFC", folded))
    return " ".join(folded.split())


def _without_greek_accents(letter: re.Match[str]) -> str:
    return letter[1] + ("\u0308" if "\u0308" in letter[2] else "")


def _turkish(word: str) -> str:
    """Return the word with a dotless small letter for I if the word has letters of Turkish alone."""
    if "I" not in word or _TURKISH.isdisjoint(word):
        return word
    # Older Romanian texts write the letter with the cedilla, too, beside a dotted i.
    romanian = "i" in word and not any(letter in word for letter in "ıİğĞ")
    return word if romanian else word.replace("I", "ı")  # noqa: RUF001


class _Fold(dict[int, str]):
    """The normal form of each character, computed once."""

    def __missing__(self, code: int) -> str:
        found = _fold(chr(code))
        if len(self) < _MOST_CACHED:
            self[code] = found
        return found


def _fold(character: str) -> str:
    category = unicodedata.category(character)
    if character in _APOSTROPHES:
        return "'"
    if character in QUOTES:
        return '"'
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if character.isspace() or character in _TRADE_MARKS or character == _BLANK:
        return " "
    if category in {"Cf", "Cc"} or ord(character) in _INVISIBLE or ord(character) in _POINTS:
        return ""
    return _compatible(character, category)


def _compatible(character: str, category: str) -> str:
    """Return the compatibility decomposition in lower case (Unicode 3.13, D146).

    Superscripts and numbers in circles are signs beside a word, such as footnotes, and stay as they are. Signs of
    several letters, such as the one for "tel", become words of their own.
    """
    decomposition = unicodedata.decomposition(character)
    if category == "No" and not decomposition.startswith("<sub>"):
        return character
    if decomposition.startswith("<super>") and category in {"Sm", "Ps", "Pe"}:
        return character
    if category == "Sk" and decomposition.startswith("<compat> 0020"):
        return character
    folded = unicodedata.normalize("NFD", character).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return f" {folded} " if category == "So" and len(folded) > 1 and folded[:1].isascii() else folded


_FOLD = _Fold()


def readable(text: str) -> str:
    """Return the text as analysers read it: like the normal form, but with case, accents and line breaks."""
    if "<" in text or "&" in text:
        text = plain(text)
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_READABLE))


class _Readable(dict[int, str]):
    """The readable form of each character, computed once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = (
            character if character.isspace() or unicodedata.category(character) == "Pd" else _fold(character)
        )
        found = folded if folded in {"", " ", "'", '"'} else character
        if len(self) < _MOST_CACHED:
            self[code] = found
        return found


_READABLE = _Readable()


def without_accents(text: str) -> str:
    """Return the normal form without accents. Each character keeps its place."""
    return text if text.isascii() else text.translate(_PLAIN)


class _Plain(dict[int, str]):
    """The letter below the accents of each character, computed once."""

    def __missing__(self, code: int) -> str:
        found = _plain_letter(chr(code))
        if len(self) < _MOST_CACHED:
            self[code] = found
        return found


def _plain_letter(character: str) -> str:
    """Return the base of an accented Latin, Greek or Arabic letter. The Cyrillic ё becomes е, and й stays."""  # noqa: RUF002
    if character == "ё":
        return "е"  # noqa: RUF001
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    accented = bool(marks) and all(unicodedata.category(mark) == "Mn" for mark in marks)
    script = unicodedata.name(base, "").split(" ")[0]
    return base if accented and script in {"LATIN", "GREEK", "ARABIC"} else character


_PLAIN = _Plain()


def keyword_form(keyword: str) -> str:
    """Return the form of a keyword that decides whether keywords are the same: the normal form, of bounded length."""
    form = normalized(keyword)
    if len(form) <= _LONGEST_FORM:
        return form
    return form[:_LONGEST_FORM] + hashlib.sha256(form.encode()).hexdigest()


def is_visible(text: str) -> bool:
    """Return whether a normal form contains a visible character."""
    return any(unicodedata.category(character)[0] in "LNPS" or _is_private(character) for character in text)


def _is_private(character: str) -> bool:
    return unicodedata.category(character) == "Co"
