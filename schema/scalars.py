"""Scalars, strict on input.

A `datetime` stays a `datetime` in the response; the JSON encoder writes RFC 3339.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NewType
from urllib.parse import urlsplit

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from breadth.fields import Verbatim
from services.accounts.vault import Secret
from services.rules.json_values import DEEPEST_JSON, is_too_deep, problem_of
from services.rules.timestamps import rfc3339

URL = NewType("URL", str)
JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)

LARGEST_BIG_INT = 2**63 - 1
DEEPEST_OUTPUT = 200  # levels of a JSON value; the response around it and the encoder leave no more
MOST_DIGITS = 30  # of a Decimal, more than any amount needs

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_NO_URL = re.compile(r"[\s\0-\x1f\x7f]")


def _parse_datetime(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime must be a string such as 2026-01-31T12:00:00Z.")
    try:
        return rfc3339(value)
    except ValueError as wrong:
        raise GraphQLError(str(wrong)) from wrong


def _parse_decimal(value: Any) -> Decimal:
    text = str(value) if type(value) in {int, float, str} else ""
    if len(text) <= 2 * MOST_DIGITS and _NUMBER.fullmatch(text):
        number = Decimal(text)
        if abs(number.adjusted()) < MOST_DIGITS and len(number.as_tuple().digits) <= MOST_DIGITS:
            return number
    raise GraphQLError(
        f"A Decimal must be a number of at most {MOST_DIGITS} digits such as 12.50, preferably written as a string."
    )


def _written_decimal(value: Decimal) -> str:
    """Return the number without an exponent. Only a text with one takes the slow way of a format."""
    text = str(value) if type(value) is Decimal else "E"
    return f"{value:f}" if "E" in text else text


def _parse_url(value: Any) -> URL:
    try:
        parts = urlsplit(value) if isinstance(value, str) and not _NO_URL.search(value) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise GraphQLError("A URL must be a string that starts with http:// or https:// and names a host.")
    return URL(value)


def _parse_secret(value: Any) -> Secret:
    if not isinstance(value, str):
        raise GraphQLError("A Secret must be a string.")
    return Secret(value)


def _refuse_secret(_: Any) -> Any:
    raise TypeError("A Secret must never be returned.")


def _parse_big_int(value: Any) -> int:
    number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    if type(number) is not int or not -LARGEST_BIG_INT <= number <= LARGEST_BIG_INT:
        raise GraphQLError("A BigInt must be an integer of at most 63 bits, written as a number or a string.")
    return number


def _parse_json(value: Any) -> Any:
    if is_too_deep(value):
        raise GraphQLError(f"A JSON value must have at most {DEEPEST_JSON} levels of objects and lists.")
    return value


def _written_json(value: Any) -> Any:
    """Return the value. Raise `TypeError` for a stored value that a response cannot hold."""
    problem = "A JSON value is too deep." if is_too_deep(value, DEEPEST_OUTPUT) else problem_of(value)
    if problem is not None:
        raise TypeError(problem)
    return value


CONFIG = StrawberryConfig(
    scalar_map={
        datetime: strawberry.scalar(
            name="DateTime",
            description="A date and time in RFC 3339 format. Input must have a UTC offset. Output is in UTC.",
            serialize=Verbatim(datetime),
            parse_value=_parse_datetime,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        ),
        date: strawberry.scalar(
            name="LocalDate",
            description="A day of a calendar without a time zone, such as 2026-01-31.",
            serialize=date.isoformat,
            specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        ),
        Decimal: strawberry.scalar(
            name="Decimal",
            description=f"An exact decimal number of at most {MOST_DIGITS} digits, written as a string. Input may also be a "
            "JSON number.",
            serialize=_written_decimal,
            parse_value=_parse_decimal,
        ),
        URL: strawberry.scalar(
            name="URL",
            description="An absolute URL with the scheme http or https.",
            serialize=Verbatim(str),
            parse_value=_parse_url,
            specified_by_url="https://url.spec.whatwg.org",
        ),
        JSON: strawberry.scalar(
            name="JSON",
            description=f"Any JSON value, such as an object. Input may have at most {DEEPEST_JSON} levels of objects and "
            "lists, finite numbers, and integers of at most 64 bits.",
            serialize=_written_json,
            parse_value=_parse_json,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        ),
        Secret: strawberry.scalar(
            name="Secret",
            description="A string that can be written and is never returned. Send secrets as variables, because the server keeps "
            "documents.",
            serialize=_refuse_secret,
            parse_value=_parse_secret,
        ),
        BigInt: strawberry.scalar(
            name="BigInt",
            description="An integer of at most 63 bits. JavaScript numbers are exact only up to 2^53.",
            serialize=Verbatim(int),
            parse_value=_parse_big_int,
        ),
    }
)
