import strawberry

from schema.enums import describe
from schema.fields import column
from schema.list_size import Fixed
from schema.scalars import BigInt
from services.doctor.report import Check

describe(
    Check,
    "Subject of a check of the doctor.",
    settings="Settings of PostgreSQL that lose data in a crash, or let tables grow.",
    revision="Revision of the database, and rows of earlier releases that are not filled.",
    indexes="Invalid, duplicate and unused indexes.",
    counters="Counters and roll-ups of random users and keywords, compared with the rows.",
    statements="Slow statements, by their names in the project. Requires the extension pg_stat_statements.",
    cache="The cache of figures of the server that answers.",
    transactions="Transactions that stay open.",
    replication="Standbys that lag, and replication slots without a consumer.",
    tables="Dead rows, empty pages and maintenance of tables.",
    jobs="Exports that do not come to their end.",
    webhooks="Webhooks that fail or were disabled, and events that wait for a worker.",
    keys="API keys that expire within 14 days and have no successor.",
)


@strawberry.type(description="A problem of one thing, and the command that mends it.")
class DoctorFinding:
    check: Check = column("Subject of the check that found the problem.")
    subject: str = column("Name of the thing, such as an index, a table, a statement or a process ID.")
    problem: str = column("The problem, as one sentence or two.")
    command: str = column("Command that mends the problem: of a shell, or SQL.")


@strawberry.type(description="A check that could not run.")
class DoctorSkip:
    check: Check = column("Subject of the check.")
    reason: str = column("Reason why the check could not run.")


@strawberry.type(description="Size of a table with its indexes.")
class DoctorTable:
    name: str = column("Name of the table.")
    bytes: BigInt = column("Size of the table, its indexes and its long values.")
    rows: BigInt = column("Estimated number of rows.")
    dead_rows: BigInt = column("Estimated number of old versions of rows, which VACUUM removes.")
    empty_percent: int = column("Estimated part of the table's pages without data, in percent.")
    rows_per_day: BigInt | None = column(
        "Number of inserted rows per day since the statistics of PostgreSQL were reset. Null if they never were."
    )


@strawberry.type(description="Report about the database and what depends on it, at the time of the request.")
class DoctorReport:
    findings: list[DoctorFinding] = column("Problems, in the order of the checks.", size=Fixed(100))
    skipped: list[DoctorSkip] = column("Checks that could not run.", size=Fixed(12))
    tables: list[DoctorTable] = column("Tables of the database, the largest first.", size=Fixed(30))
