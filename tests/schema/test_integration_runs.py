"""Runs of integrations that are reported late, early, or by other clocks, and the health that they give."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.integrations.health import refresh_all
from services.integrations.runs import FUTURE_TOLERANCE
from tests.support.world import Ask, World

FIELDS = """
    id status lastSyncedAt lastSuccessAt lastErrorAt lastErrorCode consecutiveFailures syncCursor nextSyncAt healthScore
    credentialsExpiresAt health { score problems uptime { day runs succeeded } }
"""
RUN = f"""
mutation($input: RecordIntegrationRunInput!) {{ result: recordIntegrationRun(input: $input) {{
  log {{ finishedAt startedAt durationMs createdAt }} integration {{ {FIELDS} }} userErrors {{ code message path }}
}} }}
"""
CONNECT = f"""
mutation($input: ConnectIntegrationInput!) {{ result: connectIntegration(input: $input) {{
  integration {{ {FIELDS} }} userErrors {{ code path }}
}} }}
"""
UPDATE = f"""
mutation($input: UpdateIntegrationInput!) {{ result: updateIntegration(input: $input) {{
  integration {{ {FIELDS} }} userErrors {{ code path }}
}} }}
"""
RUNS = [
    ("SUCCEEDED", "SYNC", "page-1"),
    ("FAILED", "SYNC", None),
    ("FAILED", "AUTH", None),
    ("PARTIAL", "SYNC", "page-2"),
    ("RATE_LIMITED", "SYNC", None),
    ("FAILED", "PUSH", None),
]


def change(action: str) -> str:
    return f"""
    mutation($id: ID!) {{ result: {action}Integration(input: {{ id: $id }}) {{
      integration {{ {FIELDS} }} userErrors {{ code path }}
    }} }}
    """


class Source:
    """A connected source, its runs and its changes."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.now = datetime.now(UTC)
        self.id = ""

    async def connect(self, account: str = "1", **more: object) -> Any:
        given = {"provider": "REDDIT", "externalAccountId": account, **more}
        shown = (await self._ask(CONNECT, input=given)).data["result"]["integration"]
        self.id = shown["id"]
        return shown

    def ago(self, seconds: float) -> datetime:
        return self.now - timedelta(seconds=seconds)

    async def send(self, status: str, seconds_ago: float | None = None, **more: Any) -> Any:
        """Record a run that ended this number of seconds ago, and return the payload."""
        ended = {} if seconds_ago is None else {"finishedAt": self.ago(seconds_ago).isoformat()}
        answer = await self._ask(RUN, input={"integrationId": self.id, "status": status, **ended, **more})
        return answer.data["result"]

    async def run(self, status: str, seconds_ago: float | None = None, **more: object) -> Any:
        result = await self.send(status, seconds_ago, **more)
        assert result["userErrors"] == []
        return result["integration"]

    async def change(self, action: str) -> Any:
        return (await self._ask(change(action), id=self.id)).data["result"]["integration"]

    async def update(self, **given: object) -> Any:
        return (await self._ask(UPDATE, input={"id": self.id, **given})).data["result"]["integration"]


@pytest.fixture
async def source(ask: Ask) -> Source:
    made = Source(ask)
    await made.connect()
    return made


def at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def days(shown: Any) -> dict[str, tuple[int, int]]:
    return {
        day["day"][:10]: (day["runs"], day["succeeded"]) for day in shown["health"]["uptime"] if day["runs"]
    }


# Late reports


async def test_a_late_failure_leaves_the_state_and_counts_on_its_day(source: Source) -> None:
    await source.run("SUCCEEDED", 5, syncCursor="page-9")
    shown = await source.run("FAILED", 7000, errorCode="HTTP_503")
    assert (at(shown["lastSuccessAt"]), at(shown["lastSyncedAt"])) == (source.ago(5), source.ago(5))
    assert (shown["consecutiveFailures"], shown["status"], shown["syncCursor"]) == (0, "ACTIVE", "page-9")
    assert at(shown["nextSyncAt"]) == source.ago(5) + timedelta(minutes=15)
    assert (at(shown["lastErrorAt"]), shown["lastErrorCode"]) == (source.ago(7000), "HTTP_503")
    # One of two runs succeeded: 25 + 30 + 20.
    assert (shown["healthScore"], shown["health"]["problems"]) == (75, ["UNRELIABLE"])


async def test_a_late_success_leaves_times_and_cursor(source: Source) -> None:
    before = await source.run("SUCCEEDED", 5, syncCursor="page-9")
    after = await source.run("SUCCEEDED", 9000, syncCursor="page-3", nextSyncAt="2027-01-01T00:00:00Z")
    assert {**after, "health": None} == {**before, "health": None}
    assert (after["healthScore"], after["health"]["problems"]) == (100, [])


async def test_a_late_failed_authentication_does_not_stop_the_integration(source: Source) -> None:
    await source.run("SUCCEEDED", 5)
    shown = await source.run("FAILED", 7200, kind="AUTH", httpStatus=401)
    assert (shown["status"], shown["consecutiveFailures"]) == ("ACTIVE", 0)
    assert at(shown["nextSyncAt"]) == source.ago(5) + timedelta(minutes=15)
    assert "UNAUTHORIZED" not in shown["health"]["problems"]


async def test_a_failure_from_before_the_resumption_does_not_stop_the_integration(source: Source) -> None:
    assert (await source.run("FAILED", 60, kind="AUTH"))["status"] == "ERROR"
    resumed = await source.change("resume")
    assert (resumed["status"], resumed["consecutiveFailures"]) == ("ACTIVE", 0)
    shown = await source.run("FAILED", 30, kind="AUTH")
    assert (shown["status"], shown["consecutiveFailures"]) == ("ACTIVE", 0)
    assert shown["nextSyncAt"] == resumed["nextSyncAt"]
    assert at(shown["lastErrorAt"]) == source.ago(30)


@pytest.mark.parametrize("seed", range(6))
async def test_reports_in_any_order_give_the_state_of_the_right_order(ask: Ask, seed: int) -> None:
    """Each order of the reports has the same state as the order in which the runs ended."""
    start, length = divmod(seed, 2)
    chosen = [*RUNS[start:], *RUNS[:start]][: 3 + length]
    states = []
    for number, order in enumerate(list(itertools.permutations(range(len(chosen))))[:: 1 + 3 * length]):
        source = Source(ask)
        source.now = datetime.now(UTC).replace(microsecond=0)
        await source.connect(str(number))
        for place in order:
            status, kind, cursor = chosen[place]
            shown = await source.run(status, 100 - place, kind=kind, syncCursor=cursor)
        states.append(
            {
                **{
                    name: shown[name]
                    for name in ("status", "consecutiveFailures", "syncCursor", "healthScore")
                },
                **{
                    name: (moment := at(shown[name])) and source.now - moment
                    for name in ("lastSyncedAt", "lastSuccessAt", "lastErrorAt")
                },
                "due": shown["nextSyncAt"] is not None,
                "problems": shown["health"]["problems"],
                "days": sum(runs for runs, _ in days(shown).values()),
            }
        )
    assert states == states[:1] * len(states)


async def test_runs_count_on_the_day_when_they_ended(ask: Ask, world: World, source: Source) -> None:
    today = source.now.replace(hour=0, minute=0, second=0, microsecond=0)
    earlier = today - timedelta(days=3) + timedelta(minutes=1)
    input_ = {"integrationId": source.id, "status": "FAILED", "finishedAt": earlier.isoformat()}
    await ask(RUN, input=input_)
    await ask(RUN, input={**input_, "status": "SUCCEEDED"})
    shown = await source.run("SUCCEEDED")
    expected = {str(earlier.date()): (2, 1), str(at(shown["lastSuccessAt"]).date()): (1, 1)}  # type: ignore[union-attr]
    assert days(shown) == expected
    # A recount of all days finds the same.
    await world.pool.execute("UPDATE integration_days SET runs = 9, succeeded = 9")
    await refresh(world)
    await world.pool.execute("UPDATE users SET data_version = data_version + 1")
    health = f"query($id: ID!) {{ integration(id: $id) {{ {FIELDS} }} }}"
    assert days((await ask(health, id=source.id)).data["integration"]) == expected


async def refresh(world: World) -> None:
    assert sum([done.integrations async for done in refresh_all(world.pool)]) > 0


# Times in the future


@pytest.mark.parametrize("name", ["finishedAt", "startedAt"])
async def test_a_time_in_the_future_is_refused(world: World, source: Source, name: str) -> None:
    before = await world.contents()
    for ahead in (datetime(2999, 1, 1, tzinfo=UTC), source.now + FUTURE_TOLERANCE + timedelta(minutes=1)):
        times: dict[str, Any] = {name: ahead.isoformat()}
        result = await source.send("SUCCEEDED", **times)
        ((code, message, path),) = [tuple(error.values()) for error in result["userErrors"]]
        assert (code, path) == ("INVALID", ["input", name])
        assert message.startswith("Must not be in the future. The time of the server is 20")
    assert await world.contents() == before


async def test_a_clock_that_is_a_little_ahead_is_set_to_now(source: Source) -> None:
    ahead = (source.now + FUTURE_TOLERANCE - timedelta(seconds=30)).isoformat()
    result = await source.send("SUCCEEDED", startedAt=ahead, finishedAt=ahead)
    log, shown = result["log"], result["integration"]
    assert log["startedAt"] == log["finishedAt"] == log["createdAt"] == shown["lastSuccessAt"]
    assert log["durationMs"] == 0
    assert (shown["healthScore"], shown["health"]["problems"]) == (100, [])


async def test_a_stored_time_in_the_future_is_replaced_by_the_next_run(world: World, source: Source) -> None:
    """An older release stored such times."""
    await world.pool.execute(
        "UPDATE integrations SET last_searched_at = $1, last_success_at = $1, next_sync_at = $1 "
        "WHERE external_account_id = '1' AND provider = 'reddit' AND user_id = $2",
        datetime(2999, 1, 1, tzinfo=UTC),
        world.users["ann"],
    )
    shown = await source.run("SUCCEEDED", 5)
    assert (at(shown["lastSuccessAt"]), at(shown["lastSyncedAt"])) == (source.ago(5), source.ago(5))
    assert at(shown["nextSyncAt"]) == source.ago(5) + timedelta(minutes=15)


# Credentials


async def test_renewed_credentials_clear_their_problems_at_once(world: World, source: Source) -> None:
    await source.connect("2", credentials="old", credentialsExpiresAt=source.ago(1).isoformat())
    failed = await source.run("FAILED", httpStatus=401)
    # No run succeeded, and the credentials are invalid: 0 + 0 + 0.
    assert (failed["healthScore"], failed["health"]["problems"][0]) == (0, "CREDENTIALS_EXPIRED")
    later = (source.now + timedelta(minutes=30)).isoformat()
    renewed = await source.update(credentials="new", credentialsExpiresAt=later)
    assert renewed["healthScore"] == 20
    assert renewed["health"]["problems"] == ["UNRELIABLE", "OVERDUE"]
    # A late failure with the old credentials says nothing about the new ones, a new failure does.
    late = await source.run("FAILED", 3, httpStatus=401)
    assert "UNAUTHORIZED" not in late["health"]["problems"]
    again = await source.run("FAILED", httpStatus=401)
    assert again["health"]["problems"][0] == "UNAUTHORIZED"


@pytest.mark.parametrize("success_first", [True, False])
async def test_a_late_refusal_of_old_credentials_does_not_stop_the_integration(
    source: Source, *, success_first: bool
) -> None:
    """Each order of the reports gives the same state: one failure after the success, and new credentials."""
    await source.connect("2", credentials="old")
    await source.update(credentials="new")
    reports = [("SUCCEEDED", 9, "SYNC"), ("FAILED", 3, "AUTH")]
    for status, ago, kind in reports if success_first else reversed(reports):
        shown = await source.run(status, ago, kind=kind)
    assert (shown["status"], shown["consecutiveFailures"]) == ("ACTIVE", 1)
    # One of two runs succeeded: 25 + 30 + 20.
    assert (shown["healthScore"], shown["health"]["problems"]) == (75, ["UNRELIABLE"])
    again = await source.run("FAILED", kind="AUTH")
    assert (again["status"], again["consecutiveFailures"]) == ("ERROR", 2)


async def test_new_credentials_do_not_keep_an_expiry_that_has_passed(source: Source) -> None:
    await source.connect("2", credentials="old", credentialsExpiresAt=source.ago(1).isoformat())
    renewed = await source.update(credentials="new")
    assert renewed["credentialsExpiresAt"] is None
    assert "CREDENTIALS_EXPIRED" not in renewed["health"]["problems"]


async def test_a_later_expiry_clears_the_problem_at_once(source: Source) -> None:
    await source.connect("2", credentials="old", credentialsExpiresAt=source.ago(1).isoformat())
    assert (await source.run("SUCCEEDED"))["health"]["problems"] == ["CREDENTIALS_EXPIRED"]
    later = (source.now + timedelta(minutes=30)).isoformat()
    shown = await source.update(credentialsExpiresAt=later)
    assert (shown["healthScore"], shown["health"]["problems"]) == (100, [])


# Kinds and statuses of runs


@pytest.mark.parametrize("status", ["SUCCEEDED", "PARTIAL", "SKIPPED"])
@pytest.mark.parametrize("kind", ["SYNC", "PUSH", "AUTH"])
async def test_a_success_counts_in_the_state_in_the_days_and_in_the_score(
    source: Source, kind: str, status: str
) -> None:
    await source.run("FAILED", 5)
    shown = await source.run(status, kind=kind)
    assert (shown["lastSuccessAt"] is not None, shown["consecutiveFailures"]) == (True, 0)
    assert [(sum(n for n, _ in days(shown).values()), sum(n for _, n in days(shown).values()))] == [(2, 1)]
    assert shown["healthScore"] == 75


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "SKIPPED", "RATE_LIMITED"])
@pytest.mark.parametrize("kind", ["WEBHOOK", "CONFIG"])
async def test_events_are_only_logged(world: World, source: Source, kind: str, status: str) -> None:
    before = await source.run("SUCCEEDED", 5)
    shown = await source.run(status, kind=kind, httpStatus=401, syncCursor="x")
    assert shown == before
    await refresh(world)
    (row,) = await world.fetch(
        "SELECT health_score, health_problems, runs FROM integrations JOIN integration_days AS day "
        "ON day.integration_id = integrations.id WHERE health_score IS NOT NULL"
    )
    assert (row["health_score"], row["health_problems"], row["runs"]) == (100, [], 1)


# Pause and disconnection


@pytest.mark.parametrize("action", ["pause", "disconnect"])
async def test_an_integration_that_its_user_stopped_has_no_ill_health(
    ask: Ask, world: World, source: Source, action: str
) -> None:
    for _ in range(3):
        await source.run("FAILED", httpStatus=401)
    stopped = await source.change(action)
    assert (stopped["healthScore"], stopped["health"]["problems"]) == (None, [])
    late = await source.run("FAILED", 1)
    assert (late["healthScore"], late["health"]["problems"]) == (None, [])
    await refresh(world)
    again = await ask(f"query($id: ID!) {{ integration(id: $id) {{ {FIELDS} }} }}", id=source.id)
    assert again.data["integration"]["healthScore"] is None


@pytest.mark.parametrize(("action", "back"), [("pause", "resume"), ("disconnect", "connect")])
async def test_a_long_pause_does_not_make_an_integration_overdue(
    world: World, source: Source, action: str, back: str
) -> None:
    await source.run("SUCCEEDED", 4000)
    assert await source.change(action)
    shown = await (source.change("resume") if back == "resume" else source.connect())
    assert (shown["status"], shown["healthScore"], shown["health"]["problems"]) == ("ACTIVE", 100, [])
    assert at(shown["lastSuccessAt"]) == source.ago(4000)


async def test_a_late_success_brings_no_cursor_of_a_disconnected_account_back(source: Source) -> None:
    await source.run("SUCCEEDED", 60, syncCursor="page-9")
    assert (await source.change("disconnect"))["syncCursor"] is None
    late = await source.run("SUCCEEDED", 50, syncCursor="page-10")
    assert (late["syncCursor"], at(late["lastSuccessAt"])) == (None, source.ago(50))
    assert (await source.connect())["syncCursor"] is None
    later = await source.run("SUCCEEDED", 40, syncCursor="page-11")
    assert (later["syncCursor"], at(later["lastSuccessAt"])) == (None, source.ago(40))
    assert (await source.run("SUCCEEDED", syncCursor="page-1"))["syncCursor"] == "page-1"


async def test_a_pause_keeps_the_cursor_of_a_late_success(source: Source) -> None:
    await source.run("SUCCEEDED", 60, syncCursor="page-9")
    await source.change("pause")
    assert (await source.run("SUCCEEDED", 50, syncCursor="page-10"))["syncCursor"] == "page-10"
    await source.change("resume")
    assert (await source.run("SUCCEEDED", 40, syncCursor="page-11"))["syncCursor"] == "page-11"
