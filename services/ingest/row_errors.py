"""Errors of rows that cannot be ingested."""

from enum import StrEnum
from typing import NamedTuple


class IngestErrorCode(StrEnum):
    BAD_LINE = "bad_line"
    UNKNOWN_FIELD = "unknown_field"
    REQUIRED = "required"
    INVALID = "invalid"
    TOO_LONG = "too_long"
    NOT_FOUND = "not_found"
    INACTIVE = "inactive"
    REJECTED = "rejected"


class RowError(NamedTuple):
    """One error of a row. `field` is the client's name of the wrong field; None for an error of the whole row."""

    code: IngestErrorCode
    message: str
    field: str | None = None


class InvalidValueError(Exception):
    """A value that a mention cannot store."""

    def __init__(self, message: str, code: IngestErrorCode = IngestErrorCode.INVALID) -> None:
        super().__init__(message)
        self.code = code
