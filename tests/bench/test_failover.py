"""A failover and a switchover of PostgreSQL under Patroni, in which no acknowledged write is lost."""

import tempfile
from pathlib import Path

import pytest

from bench.failover import measure
from tests.support.patroni import MISSING

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"these programs are missing: {', '.join(MISSING)}"),
]

RETRIED = {
    "UNAVAILABLE 503",
    "UNAVAILABLE 200",  # another field of the operation had data
    "TIMEOUT 504",
}
"""The failures that tell clients to send the request again."""


def test_a_failover_and_a_switchover_lose_and_double_no_write() -> None:
    # pytest's own folder is closed to the user `postgres`.
    with tempfile.TemporaryDirectory(prefix="leadgraph-failover-") as folder:
        report = measure(Path(folder), users=2, ttl=10, loop_wait=1, retry_timeout=3)
    assert report.wrong == []
    killed, switched = report.outages
    assert killed.seen.failures.keys() | switched.seen.failures.keys() <= RETRIED
    assert killed.seen.failures.total() > 0
    assert report.acknowledged > 40
