"""The newest leads of each user with mention and keyword, in one statement."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.selectable import FromClause, LateralFromClause

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.json_items import json_items
from db.language.keyset import NEWEST_FIRST, sorting
from db.language.scope import Scope, placed, visible_among
from db.language.shape import columns
from db.language.snapshots import (
    KeywordSnapshot,
    LeadSnapshot,
    MentionSnapshot,
    json_columns,
    snapshot_from_json,
)
from db.models import Base, Keyword, Lead, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_LEADS = table_of(Lead)


class RecentLead(NamedTuple):
    """Row snapshots of a lead, its mention and its keyword."""

    lead: LeadSnapshot
    mention: MentionSnapshot
    keyword: KeywordSnapshot


def _as_array(model: type[Base], source: FromClause) -> ColumnElement[Any]:
    return func.json_build_array(*json_columns(model, source))


@statement
def _leads_recent(*, everybody: bool) -> Select[Any]:
    users = func.unnest(keys_parameter()).table_valued("id", name="owner").render_derived(name="owner")
    newest = (
        select(*columns(Lead))
        .where(_LEADS.c.user_id == users.c.id, visible_among(Lead, by="user_id", everybody=everybody))
        .order_by(*_newest(_LEADS))
        # Hide the limit from the planner, which assumes that each user has an average number of leads.
        .limit(select(bindparam("most", type_=Integer)).scalar_subquery())
        .lateral("newest")
    )
    mention = _looked_up(Mention, newest.c.mention_id, "mention", everybody=everybody)
    keyword = _looked_up(Keyword, newest.c.keyword_id, "keyword", everybody=everybody)
    joined = users.join(newest, true()).join(mention, true()).join(keyword, true())
    of_each = zip((Lead, Mention, Keyword), (newest, mention, keyword), strict=True)
    row = func.json_build_array(*(_as_array(model, source) for model, source in of_each))
    rows = func.json_agg(aggregate_order_by(row, *_newest(newest)), type_=JSON)
    return select(rows.label("items")).select_from(joined)


def _looked_up(
    model: type[Base], id_: ColumnElement[Any], name: str, *, everybody: bool
) -> LateralFromClause:
    """Select the row by its ID for each lead. The planner, which expects many leads, would scan a small table instead.

    OFFSET 0 keeps the planner from choosing another join.
    """
    table = table_of(model)
    found = select(*columns(model)).where(table.c.id == id_, placed(model, everybody=everybody))
    return found.offset(literal_column("0")).lateral(name)


def _newest(source: Any) -> list[ColumnElement[Any]]:
    return sorting(source, NEWEST_FIRST, backwards=False)


async def recent_leads(
    reader: Reader, scope: Scope, user_ids: Sequence[int], most: int
) -> dict[int, list[RecentLead]]:
    """Return up to `most` visible leads of each user, newest first. Users without leads are absent."""
    ((items,),) = await reader.fetch_tuples(
        _leads_recent(everybody=scope.everybody), scope, keys=user_ids, most=most
    )
    by_user: dict[int, list[RecentLead]] = {}
    for lead, mention, keyword in json_items(items):
        recent = RecentLead(
            snapshot_from_json(Lead, lead),
            snapshot_from_json(Mention, mention),
            snapshot_from_json(Keyword, keyword),
        )
        by_user.setdefault(recent.lead.user_id, []).append(recent)
    return by_user
