"""The viewer's settings: written values, refusals, scope, figures and SQL statements."""

from typing import Any

import pytest

from tests.support.world import Ask, World

UPDATE = """
mutation($input: UpdateViewerInput!) {
  result: updateViewer(input: $input) {
    viewer { name timeZone weekStart } replayed userErrors { code message path }
  }
}
"""
# Without `last_seen_at`: the request itself may set it.
SETTINGS = "SELECT id, name, time_zone, week_start, updated_at, data_version FROM users ORDER BY id"
WEEKS = """
{ mentions { stats { overTime(by: WEEK, from: "2026-03-02T00:00:00Z", to: "2026-03-16T00:00:00Z") { start } } } }
"""


async def test_changed_settings_are_stored_and_shown(ask: Ask, world: World) -> None:
    given = {"name": " Ann Lee ", "timeZone": "Asia/Tokyo", "weekStart": "SUNDAY"}
    answer = await ask(UPDATE, input=given)
    shown = {"name": "Ann Lee", "timeZone": "Asia/Tokyo", "weekStart": "SUNDAY"}
    assert answer.data["result"] == {"viewer": shown, "replayed": False, "userErrors": []}
    assert answer.statements == ["lock_user", "users update"]
    row = await world.row("users", id=world.users["ann"])
    assert (row["name"], row["time_zone"], row["week_start"]) == ("Ann Lee", "Asia/Tokyo", 7)
    assert (await ask("{ viewer { name timeZone weekStart } }")).data == {"viewer": shown}
    other = await ask("{ viewer { timeZone weekStart } }", viewer="ben")
    assert other.data == {"viewer": {"timeZone": "UTC", "weekStart": "MONDAY"}}


async def test_an_operator_changes_the_operators_own_settings(ask: Ask, world: World) -> None:
    answer = await ask(UPDATE, viewer="olga", input={"name": "Olga Lee"})
    assert answer.data["result"]["viewer"]["name"] == "Olga Lee"
    assert (await world.row("users", id=world.users["ann"]))["name"] == "ann"


async def test_omitted_settings_stay_unchanged(ask: Ask) -> None:
    await ask(UPDATE, input={"name": "Ann", "timeZone": "Europe/Berlin"})
    answer = await ask(UPDATE, input={"weekStart": "SATURDAY"})
    shown = {"name": "Ann", "timeZone": "Europe/Berlin", "weekStart": "SATURDAY"}
    assert answer.data["result"]["viewer"] == shown


async def test_weeks_begin_on_the_viewers_day(ask: Ask) -> None:
    def starts(answer: Any) -> list[str]:
        return [count["start"][:10] for count in answer.data["mentions"]["stats"]["overTime"]]

    assert starts(await ask(WEEKS)) == ["2026-03-02", "2026-03-09"]
    await ask(UPDATE, input={"weekStart": "SUNDAY"})
    assert starts(await ask(WEEKS)) == ["2026-03-02", "2026-03-08", "2026-03-15"]


@pytest.mark.parametrize(
    ("given", "code", "path", "message"),
    [
        ({}, "REQUIRED", ["input"], "Must set at least one of `name`, `timeZone` and `weekStart`."),
        ({"name": None}, "REQUIRED", ["input", "name"], "Must not be null. Omit the field instead."),
        (
            {"name": "x" * 201},
            "TOO_LONG",
            ["input", "name"],
            "Must have at most 200 characters, but has 201.",
        ),
        (
            {"timeZone": "Berlin"},
            "INVALID",
            ["input", "timeZone"],
            "'Berlin' is not an IANA time zone, such as Europe/Berlin.",
        ),
        (
            {"weekStart": None},
            "REQUIRED",
            ["input", "weekStart"],
            "Must not be null. Omit the field instead.",
        ),
    ],
)
async def test_invalid_settings_are_refused(
    ask: Ask, world: World, given: dict[str, object], code: str, path: list[str], message: str
) -> None:
    before = await world.fetch(SETTINGS)
    answer = await ask(UPDATE, input=given)
    assert answer.data["result"]["userErrors"] == [{"code": code, "message": message, "path": path}]
    assert await world.fetch(SETTINGS) == before


async def test_changing_settings_requires_the_scope(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:leads")
    refused = await ask(UPDATE, input={"name": "Ann"})
    assert refused.code == "FORBIDDEN"
    assert "`write:settings`" in refused.error["message"]


async def test_a_repeated_call_writes_once(ask: Ask) -> None:
    once = {"name": "Ann", "idempotencyKey": "one"}
    await ask(UPDATE, input=once)
    await ask(UPDATE, input={"name": "Anna"})
    again = (await ask(UPDATE, input=once)).data["result"]
    assert again["replayed"] is True
    assert again["viewer"]["name"] == "Anna"
