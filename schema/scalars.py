"""Scalars, strict on input.

A moment stays a `datetime` in the answer: who encodes it to JSON writes RFC 3339.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, NewType
from urllib.parse import urlsplit

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from breadth.fields import Verbatim
from services.accounts.vault import Secret
from services.rules.timestamps import rfc3339

URL = NewType("URL", str)
JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)

LARGEST_BIG_INT = 2**63 - 1
MOST_DIGITS = 30  # of a number: a text of a million digits is no amount of anything

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_NO_URL = re.compile(r"[\s\0-\x1f\x7f]")


def _parse_datetime(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is a text such as 2026-01-31T12:00:00Z.")
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
        f"A Decimal is a number of at most {MOST_DIGITS} digits such as 12.50, better as a text than as a JSON number."
    )


def _parse_url(value: Any) -> URL:
    try:
        parts = urlsplit(value) if isinstance(value, str) and not _NO_URL.search(value) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise GraphQLError("A URL is a text that starts with http:// or https:// and names a host.")
    return URL(value)


def _parse_secret(value: Any) -> Secret:
    if not isinstance(value, str):
        raise GraphQLError("A Secret is a text.")
    return Secret(value)


def _refuse_secret(_: Any) -> Any:
    raise TypeError("A Secret is never returned.")


def _parse_big_int(value: Any) -> int:
    number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    if type(number) is not int or not -LARGEST_BIG_INT <= number <= LARGEST_BIG_INT:
        raise GraphQLError("A BigInt is an integer of at most 63 bits, as a number or a text.")
    return number


CONFIG = StrawberryConfig(
    scalar_map={
        datetime: strawberry.scalar(
            name="DateTime",
            description="A moment, as RFC 3339 writes it. A zone is required on input; output is in UTC.",
            serialize=Verbatim(datetime),
            parse_value=_parse_datetime,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        ),
        Decimal: strawberry.scalar(
            name="Decimal",
            description="A number with exact decimals, as a text. JSON numbers are taken as well.",
            serialize="{:f}".format,
            parse_value=_parse_decimal,
        ),
        URL: strawberry.scalar(
            name="URL",
            description="An absolute http or https address.",
            serialize=Verbatim(str),
            parse_value=_parse_url,
            specified_by_url="https://url.spec.whatwg.org",
        ),
        JSON: strawberry.scalar(
            name="JSON",
            description="A JSON value.",
            serialize=lambda value: value,
            parse_value=lambda value: value,
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        ),
        Secret: strawberry.scalar(
            name="Secret",
            description="A text that can be written and is never returned. Send it as a variable: documents are kept.",
            serialize=_refuse_secret,
            parse_value=_parse_secret,
        ),
        BigInt: strawberry.scalar(
            name="BigInt",
            description="An integer of up to 63 bits. JavaScript holds it exactly up to 2^53.",
            serialize=Verbatim(int),
            parse_value=_parse_big_int,
        ),
    }
)
