"""The newest leads of each user with what they are made of, in one statement."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, bindparam, func, select, true
from sqlalchemy.sql import ColumnElement

from db.engine.pool import Reader
from db.engine.statement_cache import statement
from db.language.keyset import NEWEST_FIRST, sorting
from db.language.records import columns, copied
from db.language.scope import Scope, visible_among
from db.models import Base, Keyword, Lead, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_LEADS, _MENTIONS, _KEYWORDS = table_of(Lead), table_of(Mention), table_of(Keyword)


class RecentLead(NamedTuple):
    """A lead with its mention and keyword, as plain values."""

    lead: Lead
    mention: Mention
    keyword: Keyword


def _prefixed(model: type[Base], source: Any) -> list[ColumnElement[Any]]:
    name = model.__tablename__
    return [source.c[column.name].label(f"{name}_{column.name}") for column in columns(model)]


@statement
def _leads_recent(*, everybody: bool) -> Select[Any]:
    users = func.unnest(keys_parameter()).table_valued("id", name="owner").render_derived(name="owner")
    newest = (
        select(*columns(Lead))
        .where(_LEADS.c.user_id == users.c.id, visible_among(Lead, by="user_id", everybody=everybody))
        .order_by(*_newest(_LEADS))
        # The planner is not told the number: it would take every user for an average one.
        .limit(select(bindparam("most", type_=Integer)).scalar_subquery())
        .lateral("newest")
    )
    joined = (
        users.join(newest, true())
        .join(_MENTIONS, _MENTIONS.c.id == newest.c.mention_id)
        .join(_KEYWORDS, _KEYWORDS.c.id == newest.c.keyword_id)
    )
    of_each = zip((Lead, Mention, Keyword), (newest, _MENTIONS, _KEYWORDS), strict=True)
    selected = [column for model, source in of_each for column in _prefixed(model, source)]
    return select(*selected).select_from(joined).order_by(*_newest(newest))


def _newest(source: Any) -> list[ColumnElement[Any]]:
    return sorting(source, NEWEST_FIRST, backwards=False)


async def recent_leads(
    reader: Reader, scope: Scope, user_ids: Sequence[int], most: int
) -> dict[int, list[RecentLead]]:
    """Up to so many leads of each visible user, the newest first; users without any are absent."""
    found = await reader.fetch_values(
        _leads_recent(everybody=scope.everybody), scope, keys=user_ids, most=most
    )
    by_user: dict[int, list[RecentLead]] = {}
    for row in found:
        made = RecentLead(
            copied(Lead, row, "leads_"), copied(Mention, row, "mentions_"), copied(Keyword, row, "keywords_")
        )
        by_user.setdefault(made.lead.user_id, []).append(made)
    return by_user
