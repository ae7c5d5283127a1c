"""The locks that a revision takes, read from its SQL."""

import re
from enum import IntEnum
from typing import Final, NamedTuple


class LockMode(IntEnum):
    """The modes of table locks that concern other processes, the stronger the later."""

    SHARE_UPDATE_EXCLUSIVE = 1
    SHARE = 2
    SHARE_ROW_EXCLUSIVE = 3
    ACCESS_EXCLUSIVE = 4

    @property
    def blocks(self) -> str:
        """The statements that wait for a lock of this mode."""
        if self == LockMode.ACCESS_EXCLUSIVE:
            return "reads and writes"
        return "nothing" if self == LockMode.SHARE_UPDATE_EXCLUSIVE else "writes"


class TableLock(NamedTuple):
    """A lock of a table. `scans` is true if the statement reads the whole table under the lock."""

    table: str
    mode: LockMode
    scans: bool = False


_INDEX = r"CREATE (?:UNIQUE )?INDEX "
_NAME = r"(?:IF NOT EXISTS |IF EXISTS |ONLY )?(\w+)"
_PATTERNS: Final = [
    (re.compile(rf"^{_INDEX}CONCURRENTLY .*? ON (\w+)", re.DOTALL), LockMode.SHARE_UPDATE_EXCLUSIVE, True),
    (re.compile(rf"^{_INDEX}(?!CONCURRENTLY).*? ON (\w+)", re.DOTALL), LockMode.SHARE, True),
    (re.compile(rf"^ALTER TABLE {_NAME} VALIDATE "), LockMode.SHARE_UPDATE_EXCLUSIVE, True),
    (re.compile(rf"^ALTER TABLE {_NAME} (?!VALIDATE )"), LockMode.ACCESS_EXCLUSIVE, False),
    (re.compile(r"^LOCK TABLE (\w+) IN ACCESS EXCLUSIVE MODE"), LockMode.ACCESS_EXCLUSIVE, False),
    (re.compile(rf"^(?:DROP|TRUNCATE) TABLE {_NAME}"), LockMode.ACCESS_EXCLUSIVE, False),
    (
        re.compile(r"^CREATE (?:OR REPLACE )?TRIGGER .*? ON (\w+)", re.DOTALL),
        LockMode.SHARE_ROW_EXCLUSIVE,
        False,
    ),
    (re.compile(r"^DROP TRIGGER .*? ON (\w+)", re.DOTALL), LockMode.ACCESS_EXCLUSIVE, False),
]
_REFERENCED: Final = re.compile(r"\bREFERENCES (\w+)")
_COMMENT: Final = re.compile(r"^--.*$", re.MULTILINE)


def statements_of(sql: str) -> list[str]:
    """Return the statements of Alembic's output, without comments."""
    statements, begun = [], ""
    for part in sql.split(";\n\n"):
        begun += part
        if begun.count("$$") % 2:  # within the body of a function
            begun += ";\n\n"
            continue
        statements.append(_COMMENT.sub("", begun).strip())
        begun = ""
    return [statement for statement in statements if statement]


def locks_of(statement: str) -> list[TableLock]:
    """Return the locks of a statement that are strong enough to concern other processes."""
    found = [
        TableLock(table, mode, scans)
        for pattern, mode, scans in _PATTERNS
        for table in pattern.findall(statement)
    ]
    if statement.startswith(("CREATE TABLE ", "ALTER TABLE ")):
        found += [TableLock(table, LockMode.SHARE_ROW_EXCLUSIVE) for table in _REFERENCED.findall(statement)]
    return found


def strongest_locks(sql: str) -> list[TableLock]:
    """Return one lock per table that the statements of a revision lock: the strongest mode, and any scan."""
    strongest: dict[str, TableLock] = {}
    for lock in (lock for statement in statements_of(sql) for lock in locks_of(statement)):
        before = strongest.get(lock.table, lock)
        strongest[lock.table] = TableLock(lock.table, max(before.mode, lock.mode), before.scans or lock.scans)
    return sorted(strongest.values())
