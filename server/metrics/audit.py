"""The audit of counters (`server/runtime/audit.py`)."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from db.integrity.audit import TABLES


class AuditMetrics:
    """The metrics of the audit. All tables have series from the start, so that a rate sees the first wrong counter."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            made = Counter(f"leadgraph_audit_{name}", documentation, ["table"], registry=registry)
            for table in TABLES:
                made.labels(table)
            return made

        self._checked = counter("counters_checked", "Counters and roll-ups that were checked.")
        self._wrong = counter(
            "counters_wrong", "Counters and roll-ups that were wrong. Any value but 0 is a bug."
        )
        self._skipped = counter("parents_skipped", "Users and keywords skipped because of the time limit.")
        self._failures = Counter(
            "leadgraph_audit_failures", "Rounds that failed because of the database.", registry=registry
        )
        self._finished_at = Gauge(
            "leadgraph_audit_finished_timestamp_seconds",
            "Time of the last complete round of this process, or 0.",
            registry=registry,
        )

    def note_checked(self, table: str, counters: int, wrong: int) -> None:
        self._checked.labels(table).inc(counters)
        self._wrong.labels(table).inc(wrong)

    def note_skipped(self, table: str) -> None:
        self._skipped.labels(table).inc()

    def note_failure(self) -> None:
        self._failures.inc()

    def note_finished(self) -> None:
        self._finished_at.set_to_current_time()
