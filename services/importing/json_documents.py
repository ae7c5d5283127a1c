"""Posts inside JSON documents: arrays, pages of an API and values over several lines, in bounded memory."""

import codecs
import json
import re
import zlib
from collections.abc import Generator, Iterator
from io import BufferedReader
from typing import Any, TypeAlias

import orjson

from services.importing.names import OWN_IDS, is_body, plain
from services.importing.parse_lines import LONGEST_BYTES, DamagedFileError, FileRow, RejectedRow
from services.importing.post_rows import flat
from services.rules.json_text import WRONG_SYNTAX

_LISTS = frozenset({
    "data", "hits", "items", "posts", "results", "statuses", "children", "comments", "entries", "entry", "item",
    "tweets", "value", "records", "rows", "list", "messages", "ordereditems", "nodes", "edges", "documents",
    "feed", "articles", "issues", "reviews", "videos", "events", "mentions", "ancestors", "descendants",
})  # fmt: skip
_AROUND = frozenset({
    "data", "hits", "response", "result", "results", "rss", "channel", "feed", "search", "payload", "body", "node",
    "viewer", "repository", "issues", "comments", "posts", "discussions", "stories", "topics",
})  # fmt: skip
# An object with an ID and one of these lists is a collection, unless it has a text.
_COLLECTIONS = frozenset({
    "items", "entries", "entry", "posts", "statuses", "tweets", "hits", "ordereditems", "articles", "records",
    "results", "messages",
})  # fmt: skip
# Of these, an empty list is a page without posts, and an object can be a post.
_PAGES = frozenset(
    {"data", "hits", "items", "posts", "results", "statuses", "children", "entries", "records"}
)
_HOLDERS = frozenset({"data", "node"})
_SCRIPT = re.compile(r"\s*(?:window\.|var |let |const )?[\w.$]+\s*=\s*")  # the files of an X archive
_SCRIPT_START = re.compile(r"(?:window\.|var |let |const )")
_PAGE = re.compile(r'\{(?:\s*"\w+"\s*:\s*(?:"[^"]*"|[^\s",{\[]+)\s*,)*?\s*"(\w+)"\s*:\s*[\[{]')
_SPACE = re.compile(r"[\s,;]*")
_DEEPEST = 8  # deeper than the answers of any API
_MOST_DIGITS = 500  # of an integer
_LEAST_CHUNK = 1 << 16


def posts_of(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the posts of a value: the value itself, or the elements of the lists in it."""
    if isinstance(value, list) and depth < _DEEPEST:
        for element in value:
            yield from posts_of(element, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST and not _is_post(value):
        found = False
        for name, inner in value.items():
            if inner == [] and plain(name) in _PAGES:
                found = True
            elif is_list_of_posts(name, inner) or (isinstance(inner, dict) and plain(name) in _AROUND):
                posts = list(posts_of(inner, depth + 1))
                if posts == [inner] and not (_has_id(inner) and plain(name) in _HOLDERS):
                    continue  # an object beside the posts
                found = True
                yield from posts
        if not found:
            yield value
    else:
        yield from _with_replies(value, depth)


def _with_replies(value: Any, depth: int) -> Iterator[Any]:
    """Yield the post and the posts in its object of replies, as in trees of comments."""
    replies = value.get("replies") if isinstance(value, dict) and depth < _DEEPEST else None
    posts = list(posts_of(replies, depth + 1)) if isinstance(replies, dict) else []
    if not posts or posts == [replies]:
        yield value
        return
    yield {name: inner for name, inner in value.items() if name != "replies"}
    yield from posts


def _is_post(value: dict[str, Any]) -> bool:
    """Return whether an object is a post. A collection has an ID, too, and a list of posts in place of a text."""
    if not _has_id(value):
        return False
    lists = {
        name for name, inner in value.items() if plain(name) in _COLLECTIONS and is_list_of_posts(name, inner)
    }
    return not lists or _has_body({name: inner for name, inner in value.items() if name not in lists})


def _has_body(value: dict[str, Any]) -> bool:
    return any(
        is_body(name) and isinstance(inner, str | list) and inner for name, inner in flat(value).items()
    )


def is_list_of_posts(name: str, value: Any) -> bool:
    return (
        isinstance(value, list)
        and plain(name) in _LISTS
        and any(isinstance(element, dict) for element in value)
    )


def _has_id(value: dict[str, Any]) -> bool:
    return any(plain(name) in OWN_IDS and inner not in (None, "") for name, inner in value.items())


def is_document(head: bytes) -> bool:
    """Return whether a file with these first bytes is a JSON document instead of JSON Lines."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if text.startswith("[") or _SCRIPT_START.match(text):
        return True
    first, line_feed, rest = text.partition("\n")
    if not line_feed:  # a line of any length
        page = _PAGE.match(first)
        return page is not None and page[1].lower() in _LISTS | _AROUND and '"id"' not in page[0]
    if not first.startswith("{"):
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return first.rstrip()[-1] in "{[," or rest.lstrip().startswith(('"', "}", "]"))
    return False


def document_rows(stream: BufferedReader) -> Iterator[FileRow | RejectedRow]:
    """Yield the posts of a document, each with the line on which it begins."""
    text = _Text(stream)
    text.skip(_SCRIPT)
    while text.next_character():
        yield from _rows(text, depth=0)


_Rows: TypeAlias = Generator[FileRow | RejectedRow, None, bool]
"""Rows of a value. Returns whether the value is a post or holds a list of posts."""


def _rows(text: "_Text", depth: int, *, holds_post: bool = True) -> _Rows:
    character, found = text.next_character(), False
    if character == "{" and depth < _DEEPEST:
        return (yield from _object_rows(text, depth, holds_post=holds_post))
    if character != "[" or depth == _DEEPEST:
        yield from _value_rows(text)
        return True
    text.take(1)
    while text.next_character() not in ("]", ""):
        found = True
        yield from _value_rows(text)
    text.end("]")
    return found


def _object_rows(text: "_Text", depth: int, *, holds_post: bool) -> _Rows:
    """Yield the posts of the object's lists; without a list, the object itself."""
    line, rest, found, is_collection = text.line, dict[str, Any](), False, False
    text.take(1)
    while text.next_character() not in ("}", ""):
        name = _name(text)
        opens, known = text.next_character(), plain(name)
        is_list, is_around = opens == "[" and known in _LISTS, opens == "{" and known in _AROUND
        in_collection = is_list and known in _COLLECTIONS and _has_id(rest) and not _has_body(rest)
        is_collection = is_collection or in_collection
        if in_collection or ((is_list or is_around) and not _has_id(rest)):
            has_rows = yield from _rows(text, depth + 1, holds_post=known in _HOLDERS)
            found = found or has_rows or (is_list and known in _PAGES)
        else:
            rest[name] = text.value()
    text.end("}")
    is_post_too = _has_id(rest) and (not is_collection or _has_body(rest))
    if holds_post and (is_post_too or (not found and depth == 0)):
        found = True
        yield FileRow(line, rest)
    return found


def _name(text: "_Text") -> str:
    name = text.value()
    if not isinstance(name, str) or text.next_character() != ":":
        raise DamagedFileError(text.line, "not JSON: an object must have names and values")
    text.take(1)
    return name


def _value_rows(text: "_Text") -> Iterator[FileRow | RejectedRow]:
    line = text.line
    for post in posts_of(text.value()):
        is_object = isinstance(post, dict)
        yield FileRow(line, post) if is_object else RejectedRow(line, "JSON, but not an object", post)


def _integer(digits: str) -> int | str:
    """Return the integer. One of hundreds of digits stays a text: Python refuses to read thousands."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


class _Text:
    """The decoded text of a stream, of which only the current value is kept. `line` is the line of the position."""

    def __init__(self, stream: BufferedReader) -> None:
        self.line = 1
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
        self._json = json.JSONDecoder(parse_int=_integer, parse_constant=lambda _: None, strict=False)
        self._text = ""
        self._at = 0
        self._ended = False

    def next_character(self) -> str:
        """Return the next character that is neither white space nor a comma; an empty string at the end."""
        while True:
            self.skip(_SPACE)
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def skip(self, pattern: re.Pattern[str]) -> None:
        if self._at >= len(self._text):
            self._fill()
        found = pattern.match(self._text, self._at)
        self.take(found.end() - self._at if found else 0)

    def take(self, characters: int) -> None:
        self.line += self._text.count("\n", self._at, self._at + characters)
        self._at += characters

    def end(self, closing: str) -> None:
        if self.next_character() != closing:
            raise DamagedFileError(self.line, f"not JSON: the file ends before a {closing}")
        self.take(1)

    def value(self) -> Any:
        """Return the next value. Raises `DamagedFileError`."""
        self.next_character()
        while True:
            problem = "the value is not complete"
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                problem = WRONG_SYNTAX
            except RecursionError as deep:
                raise DamagedFileError(self.line, "not JSON: the value is nested too deeply") from deep
            else:
                if end < len(self._text) or self._ended:
                    self.take(end - self._at)
                    return value
            if len(self._text) - self._at > LONGEST_BYTES:
                raise DamagedFileError(
                    self.line, f"not JSON, or one value of more than {LONGEST_BYTES:,} characters: {problem}"
                )
            if not self._fill() and self._ended and problem != "the value is not complete":
                raise DamagedFileError(self.line, f"not JSON: {problem}")

    def _fill(self) -> bool:
        """Read on, and forget the text before the position. Return whether there is more."""
        if self._ended:
            return False
        size = max(_LEAST_CHUNK, len(self._text) - self._at)
        try:
            chunk = self._stream.read(size)
        except (EOFError, OSError, zlib.error) as problem:
            raise DamagedFileError(self.line, f"the rest of the file cannot be read: {problem}") from problem
        self._ended = not chunk
        self._text = self._text[self._at :] + self._decoder.decode(chunk, final=self._ended)
        self._at = 0
        return not self._ended
