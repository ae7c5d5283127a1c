"""The author of posts, as the author's posts and leads name the person."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from db.models import Platform

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()


def name_form(name: str) -> str:
    """Return the form in which names are compared: without a leading @, and without the case of ASCII letters.

    Letters with accents are composed (NFC), since programs write them in either form.

    `FORM` is the same in SQL. The case of other letters depends on the locale of the database, so it counts.
    """
    name = unicodedata.normalize("NFC", name)
    return name.strip(" ").lstrip("@").translate(str.maketrans(_UPPER, _LOWER))


FORM: Final = f"translate(ltrim(btrim(normalize(%s)), '@'), '{_UPPER}', '{_LOWER}')"
"""SQL for the form of a column."""


@dataclass(frozen=True, slots=True)
class Person:
    """The author of a name on a platform, or the contact with an e-mail address, or both.

    The person's mentions are the posts of the author on the platform, and the mentions of all leads whose contact has
    the e-mail address, or whose contact has the name as its handle on the platform.
    """

    platform: Platform | None = None
    author: str | None = None
    email: str | None = None

    @property
    def values(self) -> tuple[str | None, str | None, str | None]:
        """The platform and the forms of the name and of the address, as parameters of the statements."""
        author = None if self.author is None else name_form(self.author)
        return self.platform, author, None if self.email is None else name_form(self.email)
