"""The texts of the project: docstrings, comments, messages, descriptions and prose, each with its place."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NOUNS = {"property", "cached_property", "fixture", "setter", "callback", "overload"}
SHORTEST_MESSAGE = 3


class Text(NamedTuple):
    """A text. `kind` is docstring, comment, message, description, prose or heading."""

    path: str
    line: int
    kind: str
    text: str
    imperative: bool = False


def texts(path: str, source: str) -> Iterator[Text]:
    if path.endswith(".py"):
        yield from _literals(ast.parse(source), path, [], raised=False)
        yield from _comments(source, path)
    elif path.endswith(".md"):
        yield from _prose(source, path)
    elif path.endswith(".graphql"):
        for match in re.finditer(r'"""(.*?)"""', source, re.DOTALL):
            yield Text(path, source.count("\n", 0, match.start()) + 1, "description", match[1])


def _literals(node: ast.AST, path: str, outer: list[ast.AST], *, raised: bool) -> Iterator[Text]:
    inner = [*outer, node]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            if isinstance(child.value.value, str):
                first = isinstance(node, FUNCTIONS) and child is node.body[0]
                imperative = first and _needs_an_imperative(inner)
                yield Text(path, child.lineno, "docstring", child.value.value, imperative)
        elif (text := _literal(child)) is not None:
            if _is_message(text, path, raised=raised):
                yield Text(path, getattr(child, "lineno", 1), "message", text)
        else:
            yield from _literals(child, path, inner, raised=raised or isinstance(child, ast.Raise))


def _needs_an_imperative(chain: list[ast.AST]) -> bool:
    """Leave out private functions, tests, functions within functions, and functions that stand for a noun."""
    *outer, function = chain
    if not isinstance(function, FUNCTIONS) or any(isinstance(node, FUNCTIONS) for node in outer):
        return False
    names = [node.name for node in chain if isinstance(node, (ast.ClassDef, *FUNCTIONS))]
    decorators = {ast.unparse(each).split("(")[0].split(".")[-1] for each in function.decorator_list}
    return not any(name.startswith(("_", "test_")) for name in names) and not decorators & NOUNS


def _literal(node: ast.AST) -> str | None:
    """Return the text of a string, with `…` for each value that an f-string fills in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or "`…`" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_message(text: str, path: str, *, raised: bool) -> bool:
    """Return whether a string is raised or looks like a sentence.

    Strings of tests are data. Most strings of `schema/` are descriptions, which stand in the schema file.
    """
    if len(text.split()) < SHORTEST_MESSAGE or path.startswith("tests/"):
        return False
    return raised or (not path.startswith("schema/") and bool(re.match(r"[A-Z`][^\n]*[.!?]\s*$", text)))


def _comments(source: str, path: str) -> Iterator[Text]:
    """Yield comments. Comment lines that follow each other are one text."""
    lines: list[str] = []
    first = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or re.match(r"#!|#\s*(?:noqa|type:|fmt:)", token.string):
            continue
        row, column = token.start
        continues = row == last + 1 and not token.line[:column].strip()
        if lines and not continues:
            yield Text(path, first, "comment", "\n".join(lines))
            lines = []
        first, last = first if lines else row, row
        lines.append(token.string.lstrip("# "))
    if lines:
        yield Text(path, first, "comment", "\n".join(lines))


def _prose(source: str, path: str) -> Iterator[Text]:
    """Yield headings, paragraphs, list items and capitalised table cells, without code blocks."""
    source = re.sub(
        r"^ *```.*?^ *```[^\n]*",
        lambda code: "\n" * code[0].count("\n"),
        source,
        flags=re.DOTALL | re.MULTILINE,
    )
    blocks = re.finditer(
        r"^(?P<heading>#.*)|^ *(?P<row>\|.*)|^ *(?:[-*>] +|\d+\. +)?(?P<prose>\S.*(?:\n *(?![-*>|#]|\d+\.) *\S.*)*)",
        source,
        re.MULTILINE,
    )
    for block in blocks:
        line = source.count("\n", 0, block.start()) + 1
        if block["row"]:
            cells = [cell.strip() for cell in block["row"].split("|")]
            yield from (Text(path, line, "prose", cell) for cell in cells if cell[:1].isupper())
        else:
            yield Text(path, line, "heading" if block["heading"] else "prose", block[block.lastgroup or 0])
