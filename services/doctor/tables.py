"""Tables that grow without use."""

from collections.abc import Iterator, Sequence

from db.inspection import remedies
from db.inspection.tables import TableSize
from services.doctor.report import Check, Finding, Limits


def check(tables: Sequence[TableSize], limits: Limits) -> Sequence[Finding]:
    """Find tables with many dead rows or empty pages, and tables that maintenance leaves out."""
    return [finding for table in tables for finding in _findings(table, limits)]


def _findings(table: TableSize, limits: Limits) -> Iterator[Finding]:
    name = table.name
    if not table.is_vacuumed:
        problem = "Autovacuum is off for the table, so its dead rows are never removed."
        yield Finding(Check.TABLES, name, problem, remedies.enable_autovacuum(name))
    if table.dead_rows > max(limits.dead_rows, table.rows * limits.dead_percent / 100):
        problem = f"The table has {table.dead_rows:,} dead rows beside {table.rows:,} rows."
        yield Finding(Check.TABLES, name, problem, remedies.vacuum([name]))
    elif not table.is_analyzed and table.rows > limits.dead_rows:
        problem = f"The planner knows nothing about the {table.rows:,} rows of the table."
        yield Finding(Check.TABLES, name, problem, remedies.analyze(name))
    elif table.empty_percent > limits.empty_percent and table.bytes > limits.empty_bytes:
        problem = (
            f"About {table.empty_percent} % of the pages of the table are empty. The command locks the table."
        )
        yield Finding(Check.TABLES, name, problem, remedies.vacuum([name], "FULL, ANALYZE"))
    if table.frozen_age > limits.frozen_age:
        problem = f"The oldest row is {table.frozen_age:,} transactions old. At 2 billion, writes stop."
        yield Finding(Check.TABLES, name, problem, remedies.vacuum([name], "FREEZE"))
