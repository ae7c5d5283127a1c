"""The ledger: each committed change of each row, written by a trigger per row in the writer's own transaction.

The sequence of a row's changes is drawn under the lock of the row, and thus ascends in the order of commits.
"""

from collections.abc import Iterator
from typing import Final

from db.engine.pool import Connection, Pool
from db.integrity.feed import counted_columns
from db.models import AnalysisResult, Integration, Keyword, Lead, Mention
from db.models.base import Base

Row = tuple[str, int]
History = dict[Row, str]
"""The changes of each row, by entity and ID: `c` created, `u` updated, `d` deleted."""

_ENTITIES: Final[dict[type[Base], str]] = {
    Keyword: "Keyword",
    Mention: "Mention",
    Lead: "Lead",
    Integration: "Integration",
}
_TABLE: Final = """
CREATE TABLE soak_ledger (seq bigserial PRIMARY KEY, user_id bigint, entity text, row_id bigint, kind text);
CREATE FUNCTION soak_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO soak_ledger (user_id, entity, row_id, kind) VALUES (OLD.user_id, TG_ARGV[0], OLD.id, 'd');
    ELSE
        INSERT INTO soak_ledger (user_id, entity, row_id, kind)
        VALUES (NEW.user_id, TG_ARGV[0], NEW.id, CASE TG_OP WHEN 'INSERT' THEN 'c' ELSE 'u' END);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION soak_note_analysis() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO soak_ledger (user_id, entity, row_id, kind)
    SELECT user_id, 'Mention', id, 'u' FROM mentions WHERE id = COALESCE(NEW.mention_id, OLD.mention_id);
    RETURN NULL;
END $$;
"""


def _differ(model: type[Base]) -> str:
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in counted_columns(model))


def _triggers() -> Iterator[str]:
    functions = {model: f"soak_note('{entity}')" for model, entity in _ENTITIES.items()}
    functions[AnalysisResult] = "soak_note_analysis()"
    for model, function in functions.items():
        table = model.__tablename__
        yield (
            f"CREATE TRIGGER soak_note AFTER INSERT OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}"
        )
        yield (
            f"CREATE TRIGGER soak_note_update AFTER UPDATE ON {table} "
            f"FOR EACH ROW WHEN ({_differ(model)}) EXECUTE FUNCTION {function}"
        )


async def keep(connection: Connection) -> None:
    """Create the ledger and its triggers."""
    await connection.execute(_TABLE)
    for trigger in _triggers():
        await connection.execute(trigger)


async def written(pool: Pool) -> int:
    """Return the approximate number of changes, including those that were rolled back."""
    found: int = await pool.fetchval("SELECT last_value FROM soak_ledger_seq_seq")
    return found


async def history(pool: Pool) -> tuple[History, dict[Row, int]]:
    """Return the changes of each row in order, and the owner of each row."""
    rows = await pool.fetch(
        "SELECT entity, row_id, min(user_id) AS user_id, string_agg(kind, '' ORDER BY seq) AS kinds "
        "FROM soak_ledger GROUP BY entity, row_id"
    )
    kinds = {(row["entity"], row["row_id"]): row["kinds"] for row in rows}
    return kinds, {(row["entity"], row["row_id"]): row["user_id"] for row in rows}
