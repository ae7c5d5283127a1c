"""The HTTP request and response of an operation, as far as sessions need them."""

from dataclasses import dataclass, field

from services.browsers.sign_in import Client


@dataclass(slots=True)
class Exchange:
    """The client of a request, and the cookies that the response sets.

    `refusal` says why a page must not use cookies here, or is None. The server writes the new tokens into cookies.
    `ends_session` deletes the cookie of the session. If sessions of a user were ended, `ended_for` is the user's ID.
    """

    client: Client = field(default_factory=Client)
    refusal: str | None = None
    new_session: str | None = None
    new_device: str | None = None
    ends_session: bool = False
    ended_for: int | None = None

    @property
    def sets_cookies(self) -> bool:
        """Whether the response sets or deletes a cookie."""
        return self.ends_session or self.new_session is not None or self.new_device is not None
