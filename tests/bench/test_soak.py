"""The soak itself, small: it finds nothing wrong with the product, and something wrong where something is."""

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


def test_nothing_acknowledged_is_lost_or_doubled_under_fire(tmp_path: Path) -> None:
    """Also while the server and PostgreSQL are killed; and no reader ever sees figures that disagree."""
    tmp_path.chmod(0o711)
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "bench.soak", "--operations", "300", "--seed", "7", "--kill-every", "1"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home"), "--json", str(report)],
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
def test_a_register_can_say_what_some_order_of_its_writes_leaves(some: list[Write]) -> None:
    """Every order that time allows is tried, with and without each write that is not sure."""
    left: set[object] = set()
    for chosen in itertools.product((True, False), repeat=len(some)):
        done = [write for write, took in zip(some, chosen, strict=True) if took or write.sure]
        orders = filter(in_time, itertools.permutations(done))
        left |= {order[-1].value if order else "initial" for order in orders}
    register = Register("initial")
    for write in some:
        register.note(write)
    assert register.possible() == left


def test_a_row_is_gone_with_what_it_belongs_to() -> None:
    keyword = Row("k", "ann")
    lead = Row("l", "ann", Row("m", "ann", keyword))
    assert not lead.may_be_gone(1e9)
    keyword.gone_from, keyword.gone_by = 5, 7
    assert [lead.may_be_gone(at) for at in (4, 5)] == [False, True]
    assert [lead.is_gone(since) for since in (6, 7)] == [False, True]
    assert lead.is_known_gone


class Told:
    """A database in which everything is as the model has it: a keyword with two mentions, a lead and a log."""

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
async def told(pool: Pool) -> Told:
    made = Told(pool)
    await made.make()
    return made


async def test_what_was_acknowledged_and_is_there_proves_right(told: Told) -> None:
    assert await prove(told.pool, told.model) == []
    assert told.model.wrong == []
    assert told.model.acknowledged() == {
        "keywords": 2, "mentions": 2, "leads": 1, "integrations": 1, "runs": 1,
        "deleted rows": 0, "last values": 1, "changes of leads": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("DELETE FROM keywords WHERE id = 2", "1 keywords are lost"),
        ("INSERT INTO keywords (user_id, keyword) VALUES (1, 'ghost')", "1 keywords are there that nobody"),
        ("DELETE FROM mentions WHERE id = 2", "1 mentions are lost"),
        (
            f"INSERT INTO mentions ({MENTION}) VALUES (1, 1, 'x', '3', 'u', 'text')",
            "1 mentions are there that nobody",
        ),
        ("DELETE FROM leads", "1 leads are lost"),
        ("DELETE FROM integration_logs", "1 runs are lost"),
        (RECORD_RUN, "1 runs are recorded twice"),
        ("UPDATE leads SET company = 'older'", "1 values are none that was written last"),
        ("UPDATE leads SET version = 3", "lead 1 has version 3 after 2 events"),
        ("UPDATE leads SET status = 'qualified'", "lead 1 is qualified and was told new"),
        ("DELETE FROM lead_events WHERE type = 'updated'", "1 acknowledged changes have no event"),
        (
            "INSERT INTO lead_events (lead_id, type, data) SELECT lead_id, type, data FROM lead_events",
            "1 changes were made twice",
        ),
        ("UPDATE users SET mentions_count = 3", "wrong counters of users 1, for example mentions_count 3 for 2"),
        ("UPDATE keywords SET new_leads_count = 0 WHERE id = 1", "new_leads_count 0 for 1"),
        ("UPDATE slot_stats SET mentions = 9", "wrong slots of slot_stats"),
        ("DELETE FROM user_day_stats", "wrong slots of user_day_stats"),
    ],
)  # fmt: skip
async def test_what_is_wrong_in_the_end_is_said(told: Told, spoil: str, said: str) -> None:
    await told.pool.execute(spoil)
    found = await prove(told.pool, told.model)
    assert any(said in sentence for sentence in found), found


async def test_deleted_rows_may_not_be_there(told: Told) -> None:
    told.model.keywords[encode("Keyword", 1)].gone_by = 3
    found = await prove(told.pool, told.model)
    assert "1 keywords are there that nobody was told of, or that were deleted" in found[0]
    assert len(found) == 3  # its mentions and its lead


async def test_rows_of_which_nobody_was_told_may_be_there_or_not(told: Told) -> None:
    identity = (encode("Keyword", 1), "X", "2")
    del told.model.mentions[identity]
    assert len(await prove(told.pool, told.model)) == 1
    told.model.perhaps.add(("ann", "X", "2"))
    assert await prove(told.pool, told.model) == []
    await told.pool.execute("DELETE FROM mentions WHERE id = 2")
    assert await prove(told.pool, told.model) == []


def test_two_who_created_the_same_are_told_of() -> None:
    model = Model()
    model.claim("this")
    model.claim("this")
    model.add_mention(("k", "X", "1"), Row("a", "ann"))
    model.add_mention(("k", "X", "1"), Row("b", "ann"))
    assert len(model.wrong) == 2


def answer(**figures: Any) -> dict[str, Any]:
    """A keyword with three mentions and a new lead, as readers ask for it."""
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
def test_figures_that_disagree_are_seen(figures: dict[str, Any]) -> None:
    assert all(pair.one == pair.other for pair in of_keyword(answer()))
    assert any(pair.one != pair.other for pair in of_keyword(answer(**figures)))
