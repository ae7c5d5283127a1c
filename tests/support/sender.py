"""Users who send mentions."""

from dataclasses import dataclass
from typing import Protocol

from services.accounts import api_key


@dataclass
class Sender:
    """A user who sends mentions: the ids of the keywords are as the API has them."""

    user_id: int
    key: str
    keyword_ids: dict[str, str]
    headers: dict[str, str]


class AddSender(Protocol):
    """Adds a user with keywords and a key with these scopes."""

    async def __call__(
        self,
        *keywords: str,
        email: str = "ann@example.com",
        scopes: tuple[str, ...] = (api_key.WRITE_MENTIONS,),
    ) -> Sender: ...
