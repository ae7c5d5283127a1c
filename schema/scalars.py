"""Scalars, strict on input."""

from datetime import datetime
from typing import Any, NewType
from urllib.parse import urlsplit

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

URL = NewType("URL", str)
BigInt = NewType("BigInt", int)

LARGEST_BIG_INT = 2**63 - 1


def _parse_datetime(value: Any) -> datetime:
    if not isinstance(value, str) or "T" not in value.upper():
        raise GraphQLError("A DateTime is a text such as 2026-01-31T12:00:00Z.")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"{value[:50]!r} is no RFC 3339 date and time.") from error
    if moment.tzinfo is None:
        raise GraphQLError(f"{value!r} has no time zone: add Z or an offset such as +02:00.")
    return moment


def _parse_url(value: Any) -> URL:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        raise GraphQLError("A URL is a text that starts with http:// or https:// and names a host.")
    return URL(value)


def _parse_big_int(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.removeprefix("-").isdecimal() else value
    if type(number) is not int or not -LARGEST_BIG_INT <= number <= LARGEST_BIG_INT:
        raise GraphQLError("A BigInt is an integer of at most 63 bits, as a number or a text.")
    return number


CONFIG = StrawberryConfig(
    scalar_map={
        datetime: strawberry.scalar(
            name="DateTime",
            description="A moment, as RFC 3339 writes it. A zone is required on input; output is in UTC.",
            serialize=datetime.isoformat,
            parse_value=_parse_datetime,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        ),
        URL: strawberry.scalar(
            name="URL",
            description="An absolute http or https address.",
            serialize=str,
            parse_value=_parse_url,
            specified_by_url="https://url.spec.whatwg.org",
        ),
        BigInt: strawberry.scalar(
            name="BigInt",
            description="An integer of up to 63 bits. JavaScript holds it exactly up to 2^53.",
            serialize=int,
            parse_value=_parse_big_int,
        ),
    }
)
