"""Words of a normal form: where they begin and end, and which places are no words of their own.

A boundary depends on the two characters beside it: letters, digits and marks that follow each other form a word, and
so does an underscore between them. Scripts without spaces, and the change between Hangul and another script, have a
boundary between any two letters. A Korean particle may follow a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Blocks of scripts that write words without spaces between them.
_SPACELESS = (
    *(range(0x0E00, 0x0F00), range(0x1000, 0x10A0), range(0x1780, 0x1800)),  # Thai, Lao; Myanmar; Khmer
    *(range(0xA9E0, 0xAA00), range(0xAA60, 0xAA80)),  # Myanmar, extended
    *(range(0x2E80, 0x2FE0), range(0x3005, 0x3008), range(0x3021, 0x3030), range(0x3038, 0x303C)),  # Han
    *(range(0x3040, 0x3100), range(0x31F0, 0x3200), range(0x1AFF0, 0x1B170)),  # Hiragana, Katakana
    *(range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x40000)),  # Han
)
_HANGUL = (range(0x1100, 0x1200), range(0x3130, 0x3190), range(0xA960, 0xA980), range(0xAC00, 0xD800))
_PARTICLES = re.compile(
    "들?(?:은|는|이|가|을|를|의|에|도|만|과|와|로|으로|에서|에게|에게서|한테|한테서|께|께서|부터|까지|마다|조차|마저|밖에|처럼|같이"
    "|보다|만큼|대로|뿐|하고|나|이나|랑|이랑|란|이란|라|이라|고|이고|라고|이라고|라는|이라는|라도|이라도|며|이며|든|이든|야|이야"
    "|으로서|로서|으로써|로써|이다|다|입니다|이에요|예요|였다|이었다|인데|이지만|인|님|에선|에게선|한테선|로선|으로선|에겐|한테는"
    "|라면|이라면|라서|이라서|라니|이라니|이면|이니까|니까|이네|치고|커녕|은커녕|는커녕|더러|따라|야말로|이야말로|죠|이죠|네요|이네요"
    "|군요|이군요|거든요|이거든요|잖아|이잖아|에요|였어요|이었어요|였습니다|이었습니다|인가|인지|이라던가|라던가|이나마|쯤|씩)"
    "(?:은|는|도|만|의|을|를|이|가|요|까지|부터)?"
    "|들"
)
LONGEST_PARTICLE = 6
_FLAG_SIGNS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_MOST_FLAG_SIGNS = 40  # in a row; longer rows take no more time
_LONGEST_UNDERSCORES = 20
_LONGEST_NEIGHBOUR = 20
_SPACED_AMPERSAND = " & "


def joined(text: str, at: int) -> bool:
    """Return whether the characters before and at the offset belong to one word."""
    left, right = text[at - 1], text[at]
    if left == "_" or right == "_":
        return _joined_by_underscore(text, at)
    return _joined(left, right)


def _joined_by_underscore(text: str, at: int) -> bool:
    """Return whether the characters belong to one word: underscores do with word characters on both sides."""
    start, end = at, at
    while start > 0 and text[start - 1] == "_" and at - start < _LONGEST_UNDERSCORES:
        start -= 1
    while end < len(text) and text[end] == "_" and end - at < _LONGEST_UNDERSCORES:
        end += 1
    return start > 0 and end < len(text) and in_word(text[start - 1]) and in_word(text[end])


@lru_cache(maxsize=65_536)
def _joined(left: str, right: str) -> bool:
    """Return whether two adjacent characters belong to one word. A mark always belongs to the letter before it."""
    if not (in_word(left) and in_word(right)):
        return False
    if unicodedata.category(right)[0] == "M":
        return True
    return not (_is_spaceless(left) or _is_spaceless(right)) and is_hangul(left) == is_hangul(right)


@lru_cache(maxsize=65_536)
def in_word(character: str) -> bool:
    """Return whether the character can be part of a word, regardless of its neighbours."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in {"Nd", "Nl"}


def _is_spaceless(character: str) -> bool:
    return any(ord(character) in block for block in _SPACELESS)


def is_hangul(character: str) -> bool:
    return any(ord(character) in block for block in _HANGUL)


def units(chunk: str) -> Iterator[str]:
    """Yield the words and signs of a text without spaces. A sign is one character."""
    start = 0
    for at in range(1, len(chunk)):
        if not joined(chunk, at):
            yield chunk[start:at]
            start = at
    yield chunk[start:]


def is_particle(text: str) -> bool:
    """Return whether Hangul letters at the end of a word are Korean particles."""
    return len(text) <= LONGEST_PARTICLE and _PARTICLES.fullmatch(text) is not None


def is_mentioned(text: str, start: int, end: int) -> bool:
    """Return whether the part of a normal form begins and ends at word boundaries and stands for itself.

    It does not stand for itself inside an e-mail address, a domain or a query of a URL, behind an elided word
    (j'ai), and as an initial (R&D).
    """
    before = text[start - 1] if start > 0 else " "
    after = text[end] if end < len(text) else " "
    if before == " " and after == " ":  # the usual case
        return end - start > 1 or not _is_spaced_initial(text, start, end)
    if before != " " and joined(text, start):
        return False
    if after != " " and joined(text, end) and not _particle_follows(text, end):
        return False
    return not _is_dependent(text, start, end)


def _particle_follows(text: str, at: int) -> bool:
    if not (is_hangul(text[at - 1]) and is_hangul(text[at])):
        return False
    end = at
    while end < len(text) and is_hangul(text[end]) and end - at <= LONGEST_PARTICLE:
        end += 1
    return is_particle(text[at:end])


def _is_spaced_initial(text: str, start: int, end: int) -> bool:
    """Return whether the part is R or D of "r & d"."""
    if not text[start].isalpha():
        return False
    width = len(_SPACED_AMPERSAND)
    return (text.startswith(_SPACED_AMPERSAND, end) and _is_letter(text, end + width)) or (
        start > width and text.endswith(_SPACED_AMPERSAND, 0, start) and _is_letter(text, start - width - 1)
    )


def _is_letter(text: str, at: int) -> bool:
    """Return whether a word of one letter stands at the offset."""
    return (
        text[at : at + 1].isalpha()
        and (at == 0 or not joined(text, at))
        and (at + 1 >= len(text) or not joined(text, at + 1))
    )


# Words that French elides before a vowel. A noun may follow the second group.
_BEFORE_VERBS = frozenset(["j", "n", "m", "t", "s", "c"])
_BEFORE_NOUNS = frozenset(["l", "d", "qu", "lorsqu", "puisqu", "jusqu", "quoiqu"])
_FRENCH_VERBS = frozenset(
    ["ai", "as", "a", "ont", "est", "es", "y", "en", "on", "il", "ils", "elle", "elles", "un", "une"]
)
_ENGLISH_CLITICS = frozenset(["s", "t", "d", "m", "ll", "re", "ve"])
_LONGEST_INITIALISM = 4


def _is_dependent(text: str, start: int, end: int) -> bool:
    """Return whether the part belongs to a longer expression of the text around it."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if _splits_flag(text, start) or _splits_flag(text, end):
        return True
    if before == "'" and start > 1 and in_word(text[start - 2]) and _follows_elision(text, start):
        return True
    if after == "'" and end + 1 < len(text) and in_word(text[end + 1]) and _is_elided(text, end):
        return True
    if before == "&" and start > 1 and _is_initialism(text, start - 1):
        return True
    if after == "&" and _is_initialism(text, end):
        return True
    return _is_part_of_address(text, start, end)


def _splits_flag(text: str, at: int) -> bool:
    """Return whether the offset lies between the two signs of a flag."""
    start = at
    while start > 0 and at - start < _MOST_FLAG_SIGNS and text[start - 1] in _FLAG_SIGNS:
        start -= 1
    return (at - start) % 2 == 1 and at < len(text) and text[at] in _FLAG_SIGNS


def _word_before(text: str, at: int) -> str:
    """Return the end of the word before the offset."""
    start = at - 1
    while start > 0 and at - start < _LONGEST_NEIGHBOUR and joined(text, start):
        start -= 1
    return text[start:at] if at > 0 and in_word(text[at - 1]) else ""


def _word_after(text: str, at: int) -> str:
    """Return the beginning of the word at the offset."""
    end = at + 1
    while end < len(text) and end - at < _LONGEST_NEIGHBOUR and joined(text, end):
        end += 1
    return text[at:end] if at < len(text) and in_word(text[at]) else ""


def _follows_elision(text: str, start: int) -> bool:
    elided, word = _word_before(text, start - 1), _word_after(text, start)
    place = start - 2 - len(elided)
    alone = place < 0 or text[place] != "'"
    if elided in _BEFORE_VERBS and alone:
        return True
    return word in _ENGLISH_CLITICS or (elided in _BEFORE_NOUNS and word in _FRENCH_VERBS)


def _is_elided(text: str, end: int) -> bool:
    word, rest = _word_before(text, end), _word_after(text, end + 1)
    if rest == "t" and word.endswith("n"):
        return True
    return word in (_BEFORE_VERBS | _BEFORE_NOUNS) and rest not in _ENGLISH_CLITICS


def _is_initialism(text: str, ampersand: int) -> bool:
    left, right = _word_before(text, ampersand), _word_after(text, ampersand + 1)
    lengths = sorted((len(left), len(right)))
    return lengths[0] == 1 and lengths[1] <= _LONGEST_INITIALISM


# Top-level domains of addresses without a scheme. Those that are English words are missing: "so", "it", "is".
_TOP_LEVEL = """ai app arpa au biz blog br ca cc ch click cloud cn co com cz de dev digital dk edu email es eu example
    fi fm fr fyi gg gov gr hu ie il info int io ir jp kr link live ly mil mobi mx name net news nl nz online
    org page pl pro pt ro rs ru se sg sh shop site space store studio tech tk to tr tv tw ua uk us vc
    website wiki work world xyz za zone""".split()
_PRODUCTS_WITH_NET = (
    r"asp|vb|ado|ml|csla|json|rx|paint|log4|akka|math|spark|lucene|quartz|entity|mono|dot|f#|c#|\w*script"
)
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_EMAIL = re.compile(rf"(?<![@\w.+%-])[\w.+%-]+@(?:{_LABEL}\.)+{_LABEL}")
_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<host>[^\s/?#<>\"']+)[^\s<>\"]*"
    rf"|(?<![\w@.-])(?!(?:{_PRODUCTS_WITH_NET})\.net\b)(?P<bare>www\.(?:{_LABEL}\.)*{_LABEL}"
    rf"|(?:{_LABEL}\.)+(?:{'|'.join(_TOP_LEVEL)}))(?![\w@])(?::\d+)?(?:[/?#][^\s<>\"]*)?"
)
_SECOND_LEVEL = frozenset(["co", "com", "org", "net", "ac", "gov", "edu"])
_LONGEST_ADDRESS = 500


def _is_part_of_address(text: str, start: int, end: int) -> bool:
    first = text.rfind(" ", max(0, start - _LONGEST_ADDRESS), start) + 1 or max(0, start - _LONGEST_ADDRESS)
    last = text.find(" ", end, end + _LONGEST_ADDRESS)
    chunk = text[first : last if last >= 0 else end + _LONGEST_ADDRESS]
    if "." not in chunk and "://" not in chunk:
        return False
    start, end = start - first, end - first
    return _is_in_email(chunk, start, end) or any(
        address.start() < end and start < address.end() and not _stands_in(address, start, end)
        for address in _ADDRESS.finditer(chunk)
    )


def _is_in_email(chunk: str, start: int, end: int) -> bool:
    return "@" in chunk and any(
        found.start() < end and start < found.end() and not (start <= found.start() and found.end() <= end)
        for found in _EMAIL.finditer(chunk)
    )


def _stands_in(address: re.Match[str], start: int, end: int) -> bool:
    """Return whether the part is a name in the host, a word in the path, or begins the address."""
    part = "host" if address["host"] is not None else "bare"
    host_start, host_end = address.span(part)
    if start <= address.start():
        return end >= host_end or (start == host_start and _is_name(address[part], 0, end - host_start))
    if start < host_start:
        return False
    if start < host_end:
        return _is_name(address[part], start - host_start, end - host_start)
    return _is_in_path(address.string[host_end : address.end()], start - host_end, end - host_end)


def _is_name(host: str, start: int, end: int) -> bool:
    """Return whether the part of the host consists of whole labels, and of more than its ending."""
    if (start > 0 and host[start - 1] not in ".@") or host[start] == ".":
        return False
    if (end < len(host) and host[end] not in ".:") or host[start:end] == "www":
        return False
    labels = host.split(":", maxsplit=1)[0].split(".")
    name = labels[:-1]
    if name[1:] and name[-1] in _SECOND_LEVEL and len(labels[-1]) == len("uk"):
        name.pop()
    return not name or start < len(".".join(name))


def _is_in_path(rest: str, start: int, end: int) -> bool:
    """Return whether the part lies in the path of the address and is no file extension."""
    path = re.split("[?#]", rest, maxsplit=1)[0]
    return start < len(path) and end <= len(path) and rest[start] != "." and rest[start - 1 : start] != "."
