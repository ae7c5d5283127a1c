"""Markers of the fields that a fragment may answer (`schema.prepared.fragments`)."""

from enum import Enum, auto


class Kept(Enum):
    OVERVIEW = auto()
    """The field returns the overview of a user, from the viewer's row and its arguments."""
    PART = auto()
    """The field's parent is such an overview."""
