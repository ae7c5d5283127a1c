"""Users who send mentions."""

from dataclasses import dataclass
from typing import Protocol

from services.accounts import api_key


@dataclass
class Sender:
    """A user who sends mentions, with an API key and the global ids of the keywords."""

    user_id: int
    key: str
    keyword_ids: dict[str, str]
    headers: dict[str, str]


class AddSender(Protocol):
    """A function that adds a user with keywords, and an API key with these scopes."""

    async def __call__(
        self,
        *keywords: str,
        email: str = "ann@example.com",
        scopes: tuple[str, ...] = (api_key.WRITE_MENTIONS,),
    ) -> Sender: ...
