"""Validation of a mutation's input. It reports all errors at once, each with its path."""

import re
from collections.abc import Mapping
from typing import Any

from services.rules.timestamps import OUT_OF_RANGE, in_range
from services.rules.user_errors import UserError, UserErrorCode, UserErrors

UNSTORABLE = "Must not contain NUL or unpaired surrogate characters."


class Validation:
    """Checks and cleans the values of an input, and collects the errors.

    Every check skips fields that the input omits: an omitted field stays unchanged.
    """

    def __init__(self, values: Mapping[str, object], *path: str) -> None:
        self._values: dict[str, Any] = dict(values)
        self._path = ("input", *path)
        self.errors: list[UserError] = []

    def add_error(self, code: UserErrorCode, message: str, *path: str) -> None:
        self.errors.append(UserError(code, message, (*self._path, *path)))

    def cleaned(self) -> dict[str, Any]:
        """Return the cleaned values. Raises `UserErrors` if a check has failed."""
        if self.errors:
            raise UserErrors(self.errors)
        return self._values

    def _has_value(self, name: str) -> bool:
        return self._values.get(name) is not None

    def not_null(self, *names: str) -> None:
        for name in names:
            if name in self._values and self._values[name] is None:
                self.add_error(UserErrorCode.REQUIRED, "Must not be null. Omit the field instead.", name)

    def text(self, name: str, *, longest: int, empty: bool = True, trimmed: bool = True) -> None:
        """Check a string. With `trimmed`, remove the white space around it."""
        if self._has_value(name):
            self._values[name] = self._text(self._values[name], longest, empty, trimmed, name)

    def short_texts(self, *names: str, longest: int) -> None:
        """Check strings, and replace empty ones by null."""
        for name in names:
            self.text(name, longest=longest)
            if self._values.get(name) == "":
                self._values[name] = None

    def pattern(self, name: str, pattern: re.Pattern[str], message: str) -> None:
        """Check that a cleaned string matches the pattern."""
        if self._has_value(name) and not pattern.fullmatch(self._values[name]):
            self.add_error(UserErrorCode.INVALID, message, name)

    def between(self, name: str, least: int, most: int) -> None:
        if self._has_value(name) and not least <= self._values[name] <= most:
            self.add_error(UserErrorCode.INVALID, f"Must be between {least} and {most}.", name)

    def timestamps(self, *names: str) -> None:
        for name in names:
            if self._has_value(name) and not in_range(self._values[name]):
                self.add_error(UserErrorCode.INVALID, OUT_OF_RANGE, name)

    def texts(self, name: str, *, most: int, longest: int) -> None:
        """Check a list of non-empty strings, and remove the white space around them and the duplicates."""
        if not self._has_value(name):
            return
        texts = self._values[name]
        if len(texts) > most:
            message = f"Must have at most {most} elements, but has {len(texts)}."
            self.add_error(UserErrorCode.TOO_MANY, message, name)
            return
        cleaned = [
            self._text(text, longest, False, True, name, str(index)) for index, text in enumerate(texts)
        ]
        self._values[name] = list(dict.fromkeys(cleaned))

    def distinct(self, *names: str) -> None:
        """Remove the duplicates from lists."""
        for name in names:
            if self._has_value(name):
                self._values[name] = list(dict.fromkeys(self._values[name]))

    def _text(self, text: str, longest: int, empty: bool, trimmed: bool, *path: str) -> str:
        cleaned = text.strip() if trimmed else text
        if len(cleaned) > longest:
            self.add_error(UserErrorCode.TOO_LONG, too_long(longest, len(cleaned)), *path)
        elif not cleaned and not empty:
            self.add_error(UserErrorCode.REQUIRED, "Must not be empty.", *path)
        elif not is_storable(cleaned):
            self.add_error(UserErrorCode.INVALID, UNSTORABLE, *path)
        return cleaned


def too_long(most: int, length: int) -> str:
    return f"Must have at most {most:,} characters, but has {length:,}."


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text. It cannot store NUL or half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or _is_encodable(text))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
