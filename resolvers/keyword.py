from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import Keyword, User
from resolvers.framework.context import Context, Viewer
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import Resolver, mutation, takes, values_as
from resolvers.framework.payload import Payload
from resolvers.framework.relation import parent
from services import keyword as service
from services.accounts.api_key import WRITE_KEYWORDS
from services.keyword import KeywordValues


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordPayload(Payload):
    """The keyword as it is now, or the ids of one that is gone and of its user."""

    keyword: Keyword | None = None
    deleted_id: int | None = None
    user_id: int | None = None


writes = mutation(WRITE_KEYWORDS, KeywordPayload)
user_of_payload = parent(User, "user_id")


@takes(2)
@writes
async def create_keyword(writer: Writer, context: Context, request: Any) -> KeywordPayload:
    owner_id = row_id(request.user_id, User) if request.user_id else None
    made = await service.create(writer, context.viewer, values_as(KeywordValues, request), owner_id)
    return KeywordPayload(keyword=made)


@takes(2)
@writes
async def update_keyword(writer: Writer, context: Context, request: Any) -> KeywordPayload:
    changed = await service.update(
        writer, context.viewer, row_id(request.id, Keyword), values_as(KeywordValues, request)
    )
    return KeywordPayload(keyword=changed)


def _by_id(change: Callable[[Writer, Viewer, int], Awaitable[Keyword]]) -> Resolver:
    async def work(writer: Writer, context: Context, request: Any) -> KeywordPayload:
        return KeywordPayload(keyword=await change(writer, context.viewer, row_id(request.id, Keyword)))

    return takes(3)(writes(work))


pause_keyword = _by_id(service.pause)
resume_keyword = _by_id(service.resume)
archive_keyword = _by_id(service.archive)


@takes(3)
@writes
async def delete_keyword(writer: Writer, context: Context, request: Any) -> KeywordPayload:
    keyword_id = row_id(request.id, Keyword)
    user_id = await service.delete(writer, context.viewer, keyword_id)
    return KeywordPayload(deleted_id=keyword_id, user_id=user_id)
