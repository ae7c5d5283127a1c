"""A short soak of the change feed, and tests of its judge."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.feed_soak import judge, ledger
from bench.feed_soak.judge import Verdict
from db.engine.pool import Pool
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

ROOT = Path(__file__).resolve().parents[2]
ROW = ("Lead", 1)


def test_each_consumer_gets_each_committed_change_while_processes_are_killed(server_folder: Path) -> None:
    """Servers, workers and PostgreSQL are killed meanwhile. Random worlds follow."""
    report = server_folder / "report.json"
    command = [
        sys.executable,
        "-m",
        "bench.feed_soak",
        "--changes",
        "1000",
        "--seconds",
        "90",
        "--seed",
        "17",
    ]
    done = subprocess.run(
        [*command, "--kill-every", "1", "--worlds", "3", "--batch", "200", "--json", str(report)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["wrong_worlds"] == []
    soak = found["soak"]
    assert soak["wrong"] == []
    assert soak["changes"] >= 1000
    assert sum(soak["kills"].values()) >= 1
    assert len(soak["verdicts"]) == 12
    for verdict in soak["verdicts"]:
        assert verdict["got"] > 0, verdict
        faults = [verdict[name] for name in ("lost", "doubled", "out_of_order", "uncommitted", "stale")]
        assert faults == [0, 0, 0, 0, 0], verdict


def faults(verdict: Verdict) -> dict[str, int]:
    names = ("lost", "doubled", "out_of_order", "uncommitted", "stale")
    return {name: getattr(verdict, name) for name in names if getattr(verdict, name)}


@pytest.mark.parametrize(
    ("got", "expected", "found"),
    [
        ("cuud", "cuud", {}),
        ("", "cu", {"lost": 2}),
        ("cu", "cuu", {"lost": 1}),
        ("cuu", "cu", {"doubled": 1}),
        ("c", "", {"uncommitted": 1}),
        ("cd", "c", {"uncommitted": 1}),
        ("ucd", "cud", {"out_of_order": 1}),
    ],
)
def test_the_exact_judge_finds_each_fault(got: str, expected: str, found: dict[str, int]) -> None:
    verdict = Verdict("any")
    judge.exact(verdict, {ROW: got}, {ROW: expected} if expected else {})
    assert faults(verdict) == found
    assert verdict.is_right is not bool(found)


@pytest.mark.parametrize(
    ("got", "expected", "found"),
    [
        ("c", "cuu", {}),
        ("d", "cud", {}),
        ("", "cu", {"lost": 1}),
        ("u", "cu", {"lost": 1}),
        ("c", "cud", {"lost": 1}),
        ("cc", "cu", {"doubled": 1, "out_of_order": 1}),
        ("du", "ud", {"out_of_order": 1}),
        ("cd", "cu", {"uncommitted": 1}),
    ],
)
def test_the_judge_of_subscriptions_allows_merged_changes_alone(
    got: str, expected: str, found: dict[str, int]
) -> None:
    verdict = Verdict("any")
    judge.merged(verdict, {ROW: got}, {ROW: expected})
    assert faults(verdict) == found


@pytest.mark.parametrize(
    ("got", "expected", "found"),
    [
        ("c", "cu", {}),
        ("", "cd", {}),
        ("", "cu", {"lost": 1}),
        ("cc", "c", {"doubled": 1}),
        ("c", "", {"uncommitted": 1}),
    ],
)
def test_the_judge_of_creations_finds_each_fault(got: str, expected: str, found: dict[str, int]) -> None:
    verdict = Verdict("any")
    judge.created(verdict, {ROW: got}, {ROW: expected})
    assert faults(verdict) == found


def test_the_last_told_content_must_be_the_final_one() -> None:
    verdict = Verdict("any")
    judge.content(
        verdict, {ROW: "old", ("Lead", 2): "new"}, {ROW: "new", ("Lead", 2): "new", ("Lead", 3): "x"}
    )
    assert faults(verdict) == {"stale": 1}


async def test_the_ledger_has_cascades_and_analyses_and_no_rollback(pool: Pool) -> None:
    user = await add_user(pool)
    async with pool.acquire() as connection:
        await ledger.keep(connection)
        keyword = await add_keyword(connection, user)
        mention = await add_mention(connection, keyword)
        lead = await add_lead(connection, mention)
        await connection.execute("UPDATE leads SET company = 'Acme'")
        await connection.execute("UPDATE users SET mentions_count = mentions_count")
        await connection.execute(
            "INSERT INTO analysis_results (mention_id, status) VALUES ($1, 'pending')", mention
        )
        transaction = connection.transaction()
        await transaction.start()
        await add_keyword(connection, user, "others")
        await transaction.rollback()
        await connection.execute("DELETE FROM keywords")
    kinds, owners = await ledger.history(pool)
    assert kinds == {("Keyword", keyword): "cd", ("Mention", mention): "cud", ("Lead", lead): "cud"}
    assert set(owners.values()) == {user}
