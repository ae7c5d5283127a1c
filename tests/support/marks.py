"""Marks of whole folders and files. A single test gets its mark by a decorator."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MARKS = {
    "bench": ("slow", "process"),
    "breadth/test_differential.py": ("slow",),
    "breadth/test_strawberry.py": ("slow",),
    "browser": ("browser", "process"),
    "db/backup": ("slow", "process"),
    "db/embedded": ("slow", "process"),
    "db/engine/test_migrations.py": ("slow",),
    "db/integrity/test_counter_writers.py": ("slow",),
    "db/sharding": ("slow",),
    "db/statements/test_indexes.py": ("slow",),
    "examples": ("slow", "process"),
    "schema/test_bad_input.py": ("slow",),
    "schema/test_confinement.py": ("slow", "process"),
    "schema/test_dashboard_figures.py": ("slow",),
    "schema/test_executors.py": ("slow",),
    "schema/test_exports.py": ("slow",),
    "schema/test_filters.py": ("slow",),
    "schema/test_generations.py": ("slow",),
    "schema/test_integration_mutations.py": ("slow",),
    "schema/test_lead_mutations.py": ("slow",),
    "schema/test_orders.py": ("slow",),
    "schema/test_fuzz.py": ("slow",),
    "schema/test_overloads.py": ("slow",),
    "schema/test_plans.py": ("slow",),
    "schema/test_schema_diff.py": ("slow",),
    "schema/test_second_fence.py": ("slow",),
    "schema/test_tenancy.py": ("slow",),
    "schema/test_walk.py": ("slow",),
    "server/clients": ("slow", "process"),
    "server/commands/test_backup.py": ("slow", "process"),
    "server/commands/test_demo.py": ("slow", "process"),
    "server/commands/test_doctor.py": ("slow",),
    "server/commands/test_import_posts.py": ("slow", "process"),
    "server/commands/test_import_resuming.py": ("slow", "process"),
    "server/commands/test_migrate.py": ("slow",),
    "server/commands/test_keys.py": ("process",),
    "server/commands/test_preflight.py": ("slow",),
    "server/commands/test_verify.py": ("slow",),
    "server/exports/test_download.py": ("slow",),
    "server/graphiql/test_examples.py": ("slow", "process"),
    "server/http/test_conditional_interleavings.py": ("slow",),
    "server/ingest/test_endpoint.py": ("slow",),
    "server/ingest/test_stream.py": ("process",),
    "server/runtime/test_schedule.py": ("process",),
    "server/release": ("slow", "process"),
    "server/runtime/test_worker.py": ("process",),
    "server/test_fairness.py": ("slow", "process"),
    "server/test_outage.py": ("slow", "process"),
    "server/test_own_writes.py": ("process",),
    "server/test_pgbouncer.py": ("slow", "process"),
    "server/test_lean_start.py": ("slow", "process"),
    "server/test_replicas.py": ("process",),
    "server/test_replicas_of_processes.py": ("slow", "process"),
    "server/test_serving.py": ("process",),
    "server/test_several_processes.py": ("slow", "process"),
    "server/webhooks/test_dispatch.py": ("slow",),
    "server/webhooks/test_processes.py": ("slow", "process"),
    "server/webhooks/test_pump.py": ("slow",),
    "services/figures/cache/test_processes.py": ("slow", "process"),
    "services/figures/cache/test_random_interleavings.py": ("slow",),
    "services/figures/cache/test_store_failures.py": ("slow", "process"),
    "services/ingest/test_write.py": ("slow",),
    "web": ("slow", "process"),
}


def apply_marks(items: list[pytest.Item]) -> None:
    """Mark the tests of the folders and files above."""
    for item in items:
        for name, marks in MARKS.items():
            if item.path.is_relative_to(TESTS / name):
                for mark in marks:
                    item.add_marker(mark)


def skip_direct(items: list[pytest.Item]) -> None:
    """Skip the tests that need PostgreSQL without PgBouncer before it."""
    for item in items:
        if item.get_closest_marker("direct"):
            item.add_marker(pytest.mark.skip(reason="It looks at messages or sessions of PostgreSQL itself."))


def put_slow_files_first(items: list[pytest.Item]) -> None:
    """Move files with slow tests to the front, so that no worker starts one when the others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
