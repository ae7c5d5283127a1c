"""Triggers that advance `updated_at` where the writer leaves it, for any SQL.

The statements of the API set `updated_at` to the moment of their transaction (`db.language.moment`). The triggers
serve the other writers: foreign keys that set a column to null, workers, servers of the previous release and manual
SQL. They also serve a clock that went back: `updated_at` of a row never decreases. Computed columns are left out, such
as scores, counters and lexemes (`COMPUTED`).

Only tables with another row trigger before updates have one of these. PostgreSQL locks each row of such a table before
the trigger's condition is tested, and the row of a user is the most frequently updated one.
"""

from collections.abc import Sequence

from db.models import ApiKey, Base, Export, Integration, Keyword, Lead, Mention
from db.models.base import table_of

ADVANCE = """
CREATE OR REPLACE FUNCTION advance_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END $$
"""

FIXED = ("id", "created_at", "updated_at")


def _left_out(model: type[Base]) -> Sequence[str]:
    """Return the columns that the change feed leaves out or takes as computed."""
    feed = model.__feed__
    return () if feed is None else (*feed.ignored, *feed.derived)


COMPUTED: dict[type[Base], Sequence[str]] = {
    Keyword: _left_out(Keyword),
    Mention: _left_out(Mention),
    Lead: _left_out(Lead),
    Integration: (
        "credentials",
        "credentials_key_id",
        "health_score",
        "health_computed_at",
        "health_version",
        "health_problems",
    ),
    Export: ("position", "content_bytes", "content_crc", "failures", "due_at", "purged_at"),
    ApiKey: ("secret_hash", "last_used_at"),
}
"""The tables with `updated_at`, and their columns that are no change of the entity: the API computes, encrypts or hides
them."""


def counted_columns(model: type[Base]) -> list[str]:
    """Return the columns whose change is an update of the entity."""
    uncounted = {*FIXED, *model.__parents__, *COMPUTED[model]}
    return [column.name for column in table_of(model).columns if column.name not in uncounted]


def _trigger(model: type[Base]) -> str:
    columns = counted_columns(model)
    new, old = (", ".join(f"{row}.{name}" for name in columns) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE TRIGGER advance_updated_at BEFORE UPDATE ON {model.__tablename__}
    FOR EACH ROW WHEN (NEW.updated_at <= OLD.updated_at AND ({new}) IS DISTINCT FROM ({old}))
    EXECUTE FUNCTION advance_updated_at()
"""


FUNCTIONS = [ADVANCE]
TRIGGERS = [_trigger(model) for model in COMPUTED]
