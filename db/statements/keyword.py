"""Keywords: change the status."""

from typing import Any

from sqlalchemy import Text, any_, bindparam, case, update
from sqlalchemy.sql.dml import ReturningUpdate

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import moment
from db.language.scope import Scope, visible_among
from db.language.shape import columns
from db.models import Keyword, KeywordStatus
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_KEYWORDS = table_of(Keyword)


@statement
def _set_keyword_status(*, everybody: bool) -> ReturningUpdate[Any]:
    status = bindparam("status", type_=Text)
    return (
        update(_KEYWORDS)
        .values(
            status=status,
            archived_at=case((status == KeywordStatus.ARCHIVED, moment())),
            updated_at=moment(),
        )
        .where(_KEYWORDS.c.id == any_(keys_parameter()), visible_among(Keyword, everybody=everybody))
        .returning(*columns(Keyword))
    )


async def set_status(writer: Writer, scope: Scope, keyword_id: int, status: KeywordStatus) -> Keyword | None:
    """Set the keyword's status. Return None if it is not visible. Raise `ConstraintError` for a duplicate."""
    sent = _set_keyword_status(everybody=scope.everybody)
    return await writer.fetch_one(Keyword, sent, scope, keys=[keyword_id], status=status)
