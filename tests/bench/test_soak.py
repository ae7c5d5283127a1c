"""A short soak, and tests of its model, proof and readers."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bench.soak.model import Model, Register, Row, Write
from bench.soak.proof import prove
from bench.soak.reader import of_keyword
from db.engine.pool import Pool
from resolvers.framework.global_id import encode

ROOT = Path(__file__).resolve().parents[2]
MENTION = "user_id, keyword_id, platform, external_id, url, content"
RECORD_RUN = """
INSERT INTO integration_logs (user_id, integration_id, kind, status, message)
VALUES (1, 1, 'sync', 'succeeded', 'run')
"""


def test_no_acknowledged_write_is_lost_or_doubled_while_processes_are_killed(server_folder: Path) -> None:
    """The server and PostgreSQL are killed meanwhile. Readers see only figures that agree."""
    report = server_folder / "report.json"
    command = [sys.executable, "-m", "bench.soak", "--operations", "300", "--seed", "7", "--kill-every", "1"]
    done = subprocess.run(
        [*command, "--home", str(server_folder / "home"), "--json", str(report)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Seed 7" in done.stderr
    found = json.loads(report.read_text())
    assert found["wrong"] == []
    calm, server, postgres = found["parts"]
    assert sum(calm["tally"]["done"].values()) >= 100
    assert calm["kills"] == calm["tally"]["lost"] == {}
    assert server["kills"]["server"] >= 1
    assert sum(postgres["kills"].values()) >= 1
    assert all(part["tally"]["answers"] > 10 for part in found["parts"])
    assert found["rows"]["mentions"] > 100
    assert found["acknowledged"]["mentions"] > 100


@st.composite
def writes(draw: st.DrawFn) -> Write:
    began, ended = sorted(draw(st.lists(st.integers(0, 6), min_size=2, max_size=2)))
    return Write(draw(st.integers(0, 9)), began, ended, sure=draw(st.booleans()))


def in_time(order: tuple[Write, ...]) -> bool:
    return all(one.began <= other.ended for one, other in itertools.combinations(order, 2))


@given(st.lists(writes(), max_size=4))
def test_a_register_allows_the_last_value_of_every_possible_order_of_writes(some: list[Write]) -> None:
    """The test tries every possible order of writes, with and without each uncertain write."""
    left: set[object] = set()
    for chosen in itertools.product((True, False), repeat=len(some)):
        done = [write for write, took in zip(some, chosen, strict=True) if took or write.sure]
        orders = filter(in_time, itertools.permutations(done))
        left |= {order[-1].value if order else "initial" for order in orders}
    register = Register("initial")
    for write in some:
        register.note(write)
    assert register.possible() == left


def test_deleting_a_parent_deletes_its_rows_in_the_model() -> None:
    keyword = Row("k", "ann")
    lead = Row("l", "ann", Row("m", "ann", keyword))
    assert not lead.may_be_gone(1e9)
    keyword.gone_from, keyword.gone_by = 5, 7
    assert [lead.may_be_gone(at) for at in (4, 5)] == [False, True]
    assert [lead.is_gone(since) for since in (6, 7)] == [False, True]
    assert lead.is_known_gone


class Recorded:
    """A database that agrees with the model: a keyword with two mentions, a lead and a log."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.model = Model()

    async def make(self) -> None:
        await self.pool.execute("INSERT INTO users (email, name) VALUES ('ann@example.com', 'ann')")
        await self.pool.execute("INSERT INTO keywords (user_id, keyword) VALUES (1, 'words'), (1, 'others')")
        await self.pool.execute(
            f"INSERT INTO mentions ({MENTION}) SELECT 1, 1, 'x', n, 'u', 'text' FROM generate_series(1, 2) AS n"
        )
        await self.pool.execute("INSERT INTO leads (mention_id, company, version) VALUES (1, 'token', 2)")
        await self.pool.execute(
            "INSERT INTO lead_events (lead_id, type, to_status, data) VALUES (1, 'created', 'new', '{}'), "
            """(1, 'updated', NULL, '{"changes": {"company": [null, "token"]}}')"""
        )
        await self.pool.execute(
            "INSERT INTO integrations (user_id, provider, kind) VALUES (1, 'rss', 'source')"
        )
        await self.pool.execute(RECORD_RUN)
        self._tell()

    def _tell(self) -> None:
        model = self.model
        keyword, _ = (model.add("keywords", Row(encode("Keyword", n), "ann")) for n in (1, 2))
        for number in (1, 2):
            identity = (keyword.id, "X", str(number))
            model.add_mention(identity, Row(encode("Mention", number), "ann", keyword))
            model.claim(identity)
        mention = model.mentions[keyword.id, "X", "1"]
        lead = model.add("leads", Row(encode("Lead", 1), "ann", mention))
        model.note(lead.id, "company", None, Write("token", 1, 2))
        model.tokens["token"] = (lead, 1)
        integration = model.add("integrations", Row(encode("Integration", 1), "ann"))
        model.logs["run"] = Row("run", "ann", integration)


@pytest.fixture
async def recorded(pool: Pool) -> Recorded:
    made = Recorded(pool)
    await made.make()
    return made


async def test_the_proof_accepts_a_database_that_agrees_with_the_model(recorded: Recorded) -> None:
    assert await prove(recorded.pool, recorded.model) == []
    assert recorded.model.wrong == []
    assert recorded.model.acknowledged() == {
        "keywords": 2, "mentions": 2, "leads": 1, "integrations": 1, "runs": 1,
        "deleted rows": 0, "last values": 1, "changes of leads": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "difference"),
    [
        ("DELETE FROM keywords WHERE id = 2", "1 keywords are lost"),
        ("INSERT INTO keywords (user_id, keyword) VALUES (1, 'ghost')", "1 keywords exist without an acknowledgement"),
        ("DELETE FROM mentions WHERE id = 2", "1 mentions are lost"),
        (
            f"INSERT INTO mentions ({MENTION}) VALUES (1, 1, 'x', '3', 'u', 'text')",
            "1 mentions exist without an acknowledgement",
        ),
        ("DELETE FROM leads", "1 leads are lost"),
        ("DELETE FROM integration_logs", "1 runs are lost"),
        (RECORD_RUN, "1 runs are recorded twice"),
        ("UPDATE leads SET company = 'older'", "1 values are not of a possible last write"),
        ("UPDATE leads SET version = 3", "lead 1 has version 3 after 2 events"),
        ("UPDATE leads SET status = 'qualified'", "lead 1 is qualified, but its events end with new"),
        ("DELETE FROM lead_events WHERE type = 'updated'", "1 acknowledged changes lack an event"),
        (
            "INSERT INTO lead_events (lead_id, type, data) SELECT lead_id, type, data FROM lead_events",
            "1 changes were made twice",
        ),
        ("UPDATE users SET mentions_count = 3", "wrong counters of users 1, for example mentions_count 3 for 2"),
        ("UPDATE keywords SET new_leads_count = 0 WHERE id = 1", "new_leads_count 0 for 1"),
        ("UPDATE slot_stats SET mentions = 9", "wrong buckets of slot_stats"),
        ("DELETE FROM user_day_stats", "wrong buckets of user_day_stats"),
    ],
)  # fmt: skip
async def test_the_proof_reports_each_difference(recorded: Recorded, spoil: str, difference: str) -> None:
    await recorded.pool.execute(spoil)
    found = await prove(recorded.pool, recorded.model)
    assert any(difference in sentence for sentence in found), found


async def test_the_proof_reports_deleted_rows_that_exist(recorded: Recorded) -> None:
    recorded.model.keywords[encode("Keyword", 1)].gone_by = 3
    found = await prove(recorded.pool, recorded.model)
    assert "1 keywords exist without an acknowledgement, or were deleted" in found[0]
    assert len(found) == 3  # its mentions and its lead as well


async def test_the_proof_accepts_unacknowledged_rows_present_or_absent(recorded: Recorded) -> None:
    identity = (encode("Keyword", 1), "X", "2")
    del recorded.model.mentions[identity]
    assert len(await prove(recorded.pool, recorded.model)) == 1
    recorded.model.perhaps.add(("ann", "X", "2"))
    assert await prove(recorded.pool, recorded.model) == []
    await recorded.pool.execute("DELETE FROM mentions WHERE id = 2")
    assert await prove(recorded.pool, recorded.model) == []


def test_the_proof_reports_a_row_created_twice() -> None:
    model = Model()
    model.claim("this")
    model.claim("this")
    model.add_mention(("k", "X", "1"), Row("a", "ann"))
    model.add_mention(("k", "X", "1"), Row("b", "ann"))
    assert len(model.wrong) == 2


def answer(**figures: Any) -> dict[str, Any]:
    """Return a reader's answer about a keyword with three mentions and a new lead."""
    counters = {
        f"{status}LeadsCount": 0 for status in ("contacted", "qualified", "converted", "disqualified")
    }
    right = {
        "id": "k",
        **counters,
        "mentionsCount": 3,
        "leadsCount": 1,
        "newLeadsCount": 1,
        "mentions": {"totalCount": 3},
        "leads": {"totalCount": 1},
        "countedMentions": {"totalCount": 3},
        "countedLeads": {"totalCount": 1},
        "figures": {"stats": {"count": 3}},
        "rows": {"nodes": [{"status": "NEW"}]},
        "conversionRate": {"numerator": 1, "denominator": 3},
    }
    return right | figures


@pytest.mark.parametrize(
    "figures",
    [
        {"mentionsCount": 4},
        {"newLeadsCount": 0},
        {"countedMentions": {"totalCount": 2}},
        {"leads": {"totalCount": 2}},
        {"figures": {"stats": {"count": 4}}},
        {"rows": {"nodes": [{"status": "QUALIFIED"}]}},
        {"rows": {"nodes": []}},
    ],
)
def test_a_reader_reports_figures_that_disagree(figures: dict[str, Any]) -> None:
    assert all(pair.one == pair.other for pair in of_keyword(answer()))
    assert any(pair.one != pair.other for pair in of_keyword(answer(**figures)))
