"""Label values that callers choose: only the first ones get their own time series."""

NAMES_KEPT = 100
LONGEST_NAME = 100
OTHER_NAMES = "(other)"


class Names:
    """Knows the first names. All later names, and very long ones, share one label value."""

    def __init__(self, most: int = NAMES_KEPT) -> None:
        self._most = most
        self._kept: set[str] = set()

    def kept(self, name: str) -> str:
        """Return the label value of the name."""
        if name in self._kept:
            return name
        if len(self._kept) >= self._most or len(name) > LONGEST_NAME:
            return OTHER_NAMES
        self._kept.add(name)
        return name
