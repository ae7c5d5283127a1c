"""The sessions of users."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import UserSession
from db.statements import session as stored
from db.statements.session import ShownSession
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class SessionsByUser(DataLoader[int, Sequence[ShownSession]]):
    """The sessions of a user, the newest first. Sessions are personal: callers load those of the viewer."""

    model = UserSession

    async def read(
        self,
        reader: Reader,
        scope: Scope,  # noqa: ARG002 - the keys are the scope
        keys: Sequence[int],
    ) -> Sequence[Sequence[ShownSession]]:
        return [await stored.of_user(reader, user_id) for user_id in keys]
