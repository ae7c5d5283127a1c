"""Leads with the same e-mail address."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Select, any_, bindparam, func, select, true

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.keyset import NEWEST_FIRST, sorting
from db.language.scope import Scope, visible_among
from db.language.shape import Shape
from db.models import Lead
from db.models.base import table_of
from db.statements.read_rows import select_shape, uncounted_keys, undisclosed

_LEADS = table_of(Lead)


@statement
def _leads_same_contact(*, everybody: bool, shape: Shape) -> Select[Any]:
    own = _LEADS.alias("own")
    others = (
        select_shape(shape, everybody=everybody)
        .where(
            _LEADS.c.user_id == own.c.user_id,
            func.lower(_LEADS.c.contact_email) == func.lower(own.c.contact_email),
            _LEADS.c.contact_email.is_not(None),  # the condition of the index
            _LEADS.c.id != own.c.id,
            visible_among(Lead, everybody=everybody),
        )
        .order_by(*sorting(_LEADS, NEWEST_FIRST, backwards=False))
        .limit(undisclosed(bindparam("most", type_=Integer)))
        .lateral("others")
    )
    # PostgreSQL runs a lateral subquery with a limit once per lead, so the result keeps its order.
    return (
        select(others, own.c.id.label("of_lead_id"))
        .select_from(own.join(others, true()))
        .where(own.c.id == any_(uncounted_keys()), visible_among(Lead, everybody=everybody, table=own))
    )


async def same_contact(
    reader: Reader, scope: Scope, lead_ids: Sequence[int], most: int
) -> list[tuple[int, Lead]]:
    """Return up to `most` other leads of each lead's user with its e-mail address, ignoring case, newest first.

    Each is a pair of the lead's ID and the other lead.
    """
    shape = reader.projection.shape(Lead, "created_at", shared=False)
    sent = _leads_same_contact(everybody=scope.everybody, shape=shape)
    found = await reader.fetch_few_by_keys(shape, sent, scope, keys=lead_ids, most=most)
    return [(row[-1], row) for row in found]
