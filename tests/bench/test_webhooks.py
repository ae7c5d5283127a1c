"""A small run of `bench.webhooks`: receivers that fail, and killed pumps and PostgreSQL."""

import json
import os
from pathlib import Path

import pytest

from bench.webhooks.run import Plan, Result, run
from tests.support.folders import data_folder


@pytest.mark.skipif(os.environ.get("LEADGRAPH_SKIP_WEB") == "1", reason="The test needs Node.")
async def test_no_message_is_lost_changed_or_out_of_order_while_processes_are_killed() -> None:
    with data_folder() as folder:
        plan = Plan(deliveries=300, webhooks=2, kill_every_seconds=3, most_kills=2, seconds=120)
        result = await run(plan, Path(folder))
    assert result.deliveries == 300
    assert result.faults == dict.fromkeys(
        (
            *("lost", "unknown", "out of order", "missing events", "changed bytes"),
            *("wrong signatures (PyPI)", "wrong signatures (npm)", "unverified", "given up"),
        ),
        0,
    ), json.dumps(result.receiver)
    assert result.kills == {"pump": 1, "PostgreSQL": 1}
    assert result.receiver["verified_v1"] == result.receiver["npm"]["v1"] == result.receiver["attempts"] > 300
    assert result.receiver["verified_v1a"] == result.receiver["npm"]["v1a"] > 100
    assert set(result.receiver["outcomes"]) == {"ok", "error", "busy", "reset", "handled", "silent"}


def test_a_fault_is_no_correct_result() -> None:
    assert Result(faults={"lost": 0}).is_correct
    assert not Result(faults={"lost": 1}).is_correct
