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
_MATH = """annotation math mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow ms mspace msqrt
    mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics""".split()
_FLAGS = """allowfullscreen allowtransparency async autofocus autoplay checked compact controls default defer disabled
    download hidden inert ismap itemscope loop mozallowfullscreen multiple muted noshade novalidate nowrap open
    playsinline readonly required reversed selected webkitallowfullscreen""".split()
# Elements that say nothing without attributes. `List<object>` is a type.
_WITH_ATTRIBUTES = frozenset(
    """a area base canvas data embed font frame iframe img input link map meta object output param source time
    track var""".split()
)
_NAMES = "|".join(sorted([*_INLINE, *_BLOCK, *_MATH], key=len, reverse=True))
_QUOTED = r"""(?>(?:\s++|(?<=["']))[^\s"'<>/=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'))"""
_FLAG = rf"(?>\s++(?:{'|'.join(_FLAGS)}|(?:aria|data|ng|v|x)-[\w.:-]++)(?=[\s/>]))"
_ATTRIBUTE = (
    r"""(?>(?:\s++|(?<=["']))[^\s"'<>/=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++))"""
    rf"|{_FLAG}"
)
_TAG = re.compile(
    rf"</?+(?P<name>(?:{_NAMES})|[a-z][a-z0-9]*+:[a-z][a-z0-9]*+)(?![\w:.-])(?:{_ATTRIBUTE})*+\s*+/?+>"
    rf"|<(?:{_NAMES})\s[^<>]*=[^<>]*\Z|</(?:{_NAMES})\s*\Z",  # the text was cut within a tag
    re.IGNORECASE,
)
# Elements of SVG, of XML and of web components.
_OTHER = re.compile(
    rf"<(?P<name>[a-z][a-z0-9]*+(?:-[a-z0-9]++)*+)(?:{_FLAG})*+{_QUOTED}(?:{_QUOTED}|{_FLAG})*+\s*+/?+>",
    re.IGNORECASE,
)
_OTHER_END = re.compile(r"</(?P<name>[a-z][a-z0-9]*+(?:-[a-z0-9]++)*+)\s*+>", re.IGNORECASE)
_UNREAD = re.compile(r"<(script|style|svg)(?![\w-])[^<>]*+>", re.IGNORECASE)
_UNREAD_ENDS = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("script", "style", "svg")}
_DECLARATION = re.compile(r"<!doctype\b[^<>]*+>|<\?xml\b[^<>]*+>|<!\[CDATA\[|\]\]>", re.IGNORECASE)
_SHORT_NAME = 2  # such as <Br>
_ESCAPED_ENDS = ("&gt;", "[…]")  # the mark of an import that cut the text
_ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}+;?+|#[xX][0-9a-fA-F]{1,6}+;?+|[A-Za-z][A-Za-z0-9]{1,31}+;"
    r"|(?:amp|lt|gt|quot|apos|nbsp)(?![A-Za-z0-9=]))"
)


def plain(text: str) -> str:
    """Return the text without markup. Blocks and line breaks become a space, inline tags become nothing.

    Entities are decoded, also those that were escaped twice. An escaped tag is text, except where it begins and
    another one ends the text: that is a whole document, escaped once more.
    """
    if (
        "&" in text
        and "<" not in text
        and text.lstrip()[:4] == "&lt;"
        and text.rstrip().endswith(_ESCAPED_ENDS)
    ):
        text = _decoded(text)
    if "<" in text:
        text = _without_tags(text)
    return _decoded(_decoded(text)) if "&" in text else text


def _without_tags(text: str) -> str:
    text = _DECLARATION.sub(" ", _without_unread(_without_comments(text)))
    text = _TAG.sub(_replaced, text)
    return _without_other_tags(text) if "=" in text else text


def _without_unread(text: str) -> str:
    """Remove scripts, styles and drawings. A bare tag without an end is one that the text speaks of."""
    parts, at, endless = list[str](), 0, set[str]()
    while start := _UNREAD.search(text, at):
        name = start[1].lower()
        end = None if name in endless else _UNREAD_ENDS[name].search(text, start.end())
        if end is None and "=" in start[0] and name != "svg":
            return "".join(parts) + text[at : start.start()]
        if end is None:
            endless.add(name)
        parts += (text[at : start.start()], " ")
        at = start.end() if end is None else end.end()
    return "".join(parts) + text[at:]


def _without_other_tags(text: str) -> str:
    """Remove the tags of unknown elements that have quoted attributes, and the ends of these elements."""
    names = {tag["name"].lower() for tag in _OTHER.finditer(text)}
    if not names:
        return text
    text = _OTHER.sub(lambda tag: _gap(tag["name"]), text)
    return _OTHER_END.sub(lambda tag: _gap(tag["name"]) if tag["name"].lower() in names else tag[0], text)


def _gap(name: str) -> str:
    """Return what stands for a tag: web components stand within a line, as in browsers."""
    return "" if "-" in name else " "


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join(parts) + text[at:]


def _replaced(tag: re.Match[str]) -> str:
    name = tag["name"]
    if name is not None and _is_type(tag, name):
        return tag[0]
    return "" if name is not None and (name.lower() in _INLINE or ":" in name) else " "


def _is_type(tag: re.Match[str], name: str) -> bool:
    """Return whether a tag without attributes behind a word is a type, as in `List<Object>`."""
    before = tag.string[tag.start() - 1 : tag.start()]
    if not before.isalnum() or tag[0] != f"<{name}>":
        return False
    return name.lower() in _WITH_ATTRIBUTES or (len(name) > _SHORT_NAME and name.istitle())


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda entity: _character(entity[0]), text)


def _character(entity: str) -> str:
    decoded = html.unescape(entity if entity.endswith(";") else f"{entity};")
    return " " if decoded == "\0" else decoded
