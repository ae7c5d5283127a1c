"""Commands of SQL that mend what the doctor finds. Operators run them; the project does not."""

from collections.abc import Sequence

from db.inspection.settings import SAFE, Setting


def quoted(name: str) -> str:
    """Return the name as SQL, in quotes only if it needs them."""
    plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def reset_setting(setting: Setting) -> str:
    """Return the command for the place that sets the value."""
    name = setting.name
    if setting.source == "command line":
        return f"Start PostgreSQL without -c {name}={setting.value}"
    if setting.source == "database":
        return f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET {name}', current_database()); END $$;"
    if setting.source in {"user", "database user"}:
        return f"ALTER ROLE CURRENT_USER RESET {name};"
    return f"ALTER SYSTEM SET {name} = {SAFE[name]}; SELECT pg_reload_conf();"


def drop_index(name: str) -> str:
    return f"DROP INDEX CONCURRENTLY {quoted(name)};"


def rebuild_index(name: str) -> str:
    return f"REINDEX INDEX CONCURRENTLY {quoted(name)};"


def end_session(pid: int) -> str:
    return f"SELECT pg_terminate_backend({pid});"


def end_prepared(gid: str) -> str:
    return f"ROLLBACK PREPARED {_literal(gid)};"


def drop_slot(name: str) -> str:
    return f"SELECT pg_drop_replication_slot({_literal(name)});"


def resume_replay() -> str:
    return "SELECT pg_wal_replay_resume(); -- on the standby"


def vacuum(tables: Sequence[str], option: str = "ANALYZE") -> str:
    """Return the command for these tables, or for all tables."""
    names = ", ".join(map(quoted, tables))
    return f"VACUUM ({option}) {names};" if names else f"VACUUM ({option});"


def analyze(table: str) -> str:
    return f"ANALYZE {quoted(table)};"


def enable_autovacuum(table: str) -> str:
    return f"ALTER TABLE {quoted(table)} RESET (autovacuum_enabled);"
