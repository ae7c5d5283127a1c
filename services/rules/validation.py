"""What is wrong with the values of an input: all of it at once, each with its place."""

import re
from collections.abc import Mapping
from typing import Any

from services.rules.timestamps import OUT_OF_RANGE, in_range
from services.rules.user_errors import RefusedError, UserError, UserErrorCode


class Validation:
    """Checks an input's values, tidies them, and collects what is wrong with the others.

    Names that the input lacks are left alone: what was not given is not changed.
    """

    def __init__(self, values: Mapping[str, object], *path: str) -> None:
        self._values: dict[str, Any] = dict(values)
        self._path = ("input", *path)
        self.errors: list[UserError] = []

    def refuse(self, code: UserErrorCode, message: str, *place: str) -> None:
        self.errors.append(UserError(code, message, (*self._path, *place)))

    def tidied(self) -> dict[str, Any]:
        """The values as they will be written. Raises `RefusedError` if anything is wrong."""
        if self.errors:
            raise RefusedError(self.errors)
        return self._values

    def _given(self, name: str) -> bool:
        """Whether there is a value to look at."""
        return self._values.get(name) is not None

    def not_null(self, *names: str) -> None:
        for name in names:
            if name in self._values and self._values[name] is None:
                self.refuse(UserErrorCode.REQUIRED, "This cannot be null: leave it out instead.", name)

    def text(self, name: str, *, longest: int, empty: bool = True, trimmed: bool = True) -> None:
        """A text that PostgreSQL can hold. With `trimmed`, white space around it goes."""
        if self._given(name):
            self._values[name] = self._text(self._values[name], longest, empty, trimmed, name)

    def names(self, *names: str, longest: int) -> None:
        """Short texts; an empty one is the same as none, null."""
        for name in names:
            self.text(name, longest=longest)
            if self._values.get(name) == "":
                self._values[name] = None

    def shape(self, name: str, pattern: re.Pattern[str], message: str) -> None:
        """What a text has to look like, once it is tidy."""
        if self._given(name) and not pattern.fullmatch(self._values[name]):
            self.refuse(UserErrorCode.INVALID, message, name)

    def between(self, name: str, least: int, most: int) -> None:
        if self._given(name) and not least <= self._values[name] <= most:
            self.refuse(UserErrorCode.INVALID, f"This is between {least} and {most}.", name)

    def moments(self, *names: str) -> None:
        """Moments that can be kept."""
        for name in names:
            if self._given(name) and not in_range(self._values[name]):
                self.refuse(UserErrorCode.INVALID, OUT_OF_RANGE, name)

    def texts(self, name: str, *, most: int, longest: int) -> None:
        """A list of trimmed texts, none of them empty; repetitions go."""
        if not self._given(name):
            return
        given = self._values[name]
        if len(given) > most:
            self.refuse(UserErrorCode.TOO_MANY, f"At most {most} are possible; this has {len(given)}.", name)
            return
        tidy = [self._text(text, longest, False, True, name, str(at)) for at, text in enumerate(given)]
        self._values[name] = list(dict.fromkeys(tidy))

    def distinct(self, *names: str) -> None:
        """Lists in which a repetition means nothing."""
        for name in names:
            if self._given(name):
                self._values[name] = list(dict.fromkeys(self._values[name]))

    def _text(self, text: str, longest: int, empty: bool, trimmed: bool, *place: str) -> str:
        tidy = text.strip() if trimmed else text
        if len(tidy) > longest:
            self.refuse(
                UserErrorCode.TOO_LONG,
                f"At most {longest} characters are possible; this has {len(tidy)}.",
                *place,
            )
        elif not tidy and not empty:
            self.refuse(UserErrorCode.REQUIRED, "This cannot be empty.", *place)
        elif not is_storable(tidy):
            self.refuse(
                UserErrorCode.INVALID, "This contains a character that no text here can contain.", *place
            )
        return tidy


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: it cannot hold NUL, nor half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
