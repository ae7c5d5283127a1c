"""A text that logs and error messages do not show."""


class SecretText:
    """A text that logs and error messages do not show."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "SecretText(…)"
