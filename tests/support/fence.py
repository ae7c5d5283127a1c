"""A fence in a test's database: each transaction that writes a tracked row must write the row of its user, too."""

from db.engine.pool import Pool
from db.statements.write_mark import TRACKED

_FUNCTION = """
CREATE FUNCTION require_written_user() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE owner bigint := coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> 'user_id';
BEGIN
    IF EXISTS (SELECT FROM users WHERE id = owner AND xmin <> pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'a transaction wrote % and not the row of its user', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""


async def require_written_users(pool: Pool) -> None:
    """Let each transaction fail at its end that writes a tracked row of a user, and not the row of this user."""
    await pool.execute(_FUNCTION)
    for table in sorted(model.__tablename__ for model in TRACKED if model.__tablename__ != "users"):
        await pool.execute(
            f"CREATE CONSTRAINT TRIGGER written_user AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_written_user()"
        )
