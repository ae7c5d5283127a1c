from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from db.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Keyword, Lead, Mention, User
from db.writer import Writer
from resolvers.context import Viewer
from resolvers.identifier import row_id
from resolvers.mutation import Resolver, mutation, values_of
from resolvers.paging import Listing
from resolvers.relation import by_id, children, everything, parent
from services import keyword as service
from services.api_key import WRITE_KEYWORDS
from services.keyword import KeywordValues
from services.refusal import UserError

keyword = by_id(Keyword)
keywords = everything(Listing(Keyword, LATEST_ID_FIRST, counter="keywords_count"))
user = parent(User, "user_id")
mentions = children(Listing(Mention, NEWEST_FIRST, parent="keyword_id", counter="mentions_count"))
leads = children(Listing(Lead, NEWEST_FIRST, parent="keyword_id", counter="leads_count"))


@dataclass(frozen=True, slots=True)
class KeywordPayload:
    """The keyword as it is now, the id of one that is gone, or why nothing was written."""

    keyword: Keyword | None = None
    deleted_id: int | None = None
    user_errors: Sequence[UserError] = ()


def _writes(work: Callable[[Writer, Viewer, Any], Awaitable[KeywordPayload]]) -> Resolver:
    return mutation(work, scope=WRITE_KEYWORDS, refused=lambda errors: KeywordPayload(user_errors=errors))


def _values(asked: Any) -> KeywordValues:
    return cast("KeywordValues", values_of(asked, *KeywordValues.__annotations__))


@_writes
async def create_keyword(writer: Writer, viewer: Viewer, asked: Any) -> KeywordPayload:
    owner_id = None if not asked.user_id else row_id(asked.user_id, User)
    return KeywordPayload(await service.create(writer, viewer, _values(asked), owner_id))


@_writes
async def update_keyword(writer: Writer, viewer: Viewer, asked: Any) -> KeywordPayload:
    keyword_id = row_id(asked.id, Keyword)
    return KeywordPayload(await service.update(writer, viewer, keyword_id, _values(asked)))


def _by_id(change: Callable[[Writer, Viewer, int], Awaitable[Keyword]]) -> Resolver:
    async def work(writer: Writer, viewer: Viewer, asked: Any) -> KeywordPayload:
        return KeywordPayload(await change(writer, viewer, row_id(asked.id, Keyword)))

    return _writes(work)


pause_keyword = _by_id(service.pause)
resume_keyword = _by_id(service.resume)
archive_keyword = _by_id(service.archive)


@_writes
async def delete_keyword(writer: Writer, viewer: Viewer, asked: Any) -> KeywordPayload:
    return KeywordPayload(deleted_id=await service.delete(writer, viewer, row_id(asked.id, Keyword)))
