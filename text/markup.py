"""Remove the markup of a text: tags, comments and entities of HTML.

Posts arrive as plain text or as HTML, and nothing tells which. Only the syntax of known elements counts as a tag,
so that `a < b`, `x<y` and `List<String>` keep their words.
"""

import html
import re

_INLINE = """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q s samp small span
    strike strong sub time tt u var wbr""".split()
_BLOCK = """address applet area article aside audio base blockquote body br button canvas caption center col
    colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame
    frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input label legend li link main map
    menu meta nav noscript object ol optgroup option output p param picture pre progress rp rt ruby section
    select source summary sup svg table tbody td template textarea tfoot th thead title tr track ul video""".split()
_FLAGS = """allowfullscreen async autofocus autoplay checked compact controls default defer disabled download hidden
    ismap itemscope loop multiple muted noshade novalidate nowrap open readonly required reversed selected""".split()
_NAMES = "|".join(sorted([*_INLINE, *_BLOCK], key=len, reverse=True))
_ATTRIBUTE = (
    r"""(?>\s++[^\s"'<>/=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))"""
    rf"|(?>\s++(?:{'|'.join(_FLAGS)})(?=[\s/>]))"
)
_TAG = re.compile(
    rf"</?+(?P<name>(?:{_NAMES})|[a-z][a-z0-9]*+:[a-z][a-z0-9]*+)(?![\w:.-])(?:{_ATTRIBUTE})*+\s*+/?+>"
    rf"|<(?:{_NAMES})\s[^<>]*=[^<>]*\Z",  # the text was cut within a tag
    re.IGNORECASE,
)
_UNREAD = re.compile(r"<(script|style)\b[^<>]*+>.*?(?:</\1\s*+>|\Z)", re.IGNORECASE | re.DOTALL)
_DECLARATION = re.compile(r"<!doctype\b[^<>]*+>|<\?xml\b[^<>]*+>|<!\[CDATA\[|\]\]>", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}+;?+|#[xX][0-9a-fA-F]{1,6}+;?+|[A-Za-z][A-Za-z0-9]{1,31}+;"
    r"|(?:amp|lt|gt|quot|apos|nbsp)(?![A-Za-z0-9=]))"
)


def plain(text: str) -> str:
    """Return the text without markup. Blocks and line breaks become a space, inline tags become nothing.

    Entities are decoded, also those that were escaped twice. An escaped tag is text, except where it begins and
    another one ends the text: that is a whole document, escaped once more.
    """
    if "&" in text and "<" not in text and text.lstrip()[:4] == "&lt;" and text.rstrip()[-4:] == "&gt;":
        text = _decoded(text)
    if "<" in text:
        text = _without_tags(text)
    return _decoded(_decoded(text)) if "&" in text else text


def _without_tags(text: str) -> str:
    text = _DECLARATION.sub(" ", _UNREAD.sub(" ", _without_comments(text)))
    return _TAG.sub(_space_of, text)


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join(parts) + text[at:]


def _space_of(tag: re.Match[str]) -> str:
    name = tag["name"]
    return "" if name is not None and (name.lower() in _INLINE or ":" in name) else " "


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda entity: _character(entity[0]), text)


def _character(entity: str) -> str:
    decoded = html.unescape(entity if entity.endswith(";") else f"{entity};")
    return " " if decoded == "\0" else decoded
