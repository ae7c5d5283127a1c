"""Documents as graphql-core parses them, without its tokens.

Each token refers to its neighbours, and each node to two tokens. A parsed document is therefore garbage that only a
collection of all objects frees, and such a collection stops the process. A document of this module is freed when
the last reference to it goes.
"""

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, Source
from graphql.language import Location, Token
from graphql.language.parser import Parser

from schema.prepared.limits import DEFAULT_LIMITS, exceeded
from schema.prepared.literals import number_errors


class _Location(Location):
    """The location of a node in its source, without tokens."""

    __slots__ = ()

    def __init__(self, start: int, end: int, source: Source) -> None:
        self.start, self.end, self.source = start, end, source


class _Parser(Parser):
    def loc(self, start_token: Token) -> Location:
        return _Location(start_token.start, self._lexer.last_token.end, self._lexer.source)

    @property
    def has_too_many_tokens(self) -> bool:
        """Return whether the parser has stopped at the limit of tokens."""
        return self._lexical_token_counter > (self._max_lexical_tokens or 0)

    def release_tokens(self, first: Token | None) -> None:
        """Unlink the tokens from the first one on, so that no collection is needed to free them."""
        while first is not None:
            following = first.next
            first.prev = first.next = None
            first = following


def parse(text: str, most_tokens: int = DEFAULT_LIMITS.tokens) -> tuple[DocumentNode, list[GraphQLError]]:
    """Return the document, and an error for each of its numbers that is too long.

    Raise `GraphQLSyntaxError` for invalid syntax, and `GraphQLError` for more than `most_tokens` tokens.
    """
    parser = _Parser(Source(text), max_lexical_tokens=most_tokens)
    first = parser._lexer.token  # noqa: SLF001 - graphql-core has no public name for it
    try:
        document = parser.parse_document()
        return document, list(number_errors(first, parser._lexer.source))  # noqa: SLF001
    except GraphQLSyntaxError as error:
        if parser.has_too_many_tokens:
            raise _too_many_tokens(most_tokens) from None
        raise error.with_traceback(None) from None
    except RecursionError:
        problem = "The document is nested too deeply."
        raise GraphQLSyntaxError(parser._lexer.source, parser._lexer.token.start, problem) from None  # noqa: SLF001
    finally:
        parser.release_tokens(first)


def _too_many_tokens(most: int) -> GraphQLError:
    problem = "The document has at least {} tokens"
    return exceeded("tokens", most + 1, most, problem, "Send values as variables, or split the document.")
