"""Waits between attempts, and the excerpt of a response."""

from datetime import timedelta

import pytest

from services.accounts.vault import Secret
from services.webhooks import retries
from services.webhooks.outcome import Outcome, excerpt
from services.webhooks.retries import LONGEST_RETRY_AFTER, MOST_ATTEMPTS, WAITS, wait_after


def test_the_waits_follow_the_schedule_with_jitter() -> None:
    for attempts, wait in enumerate(WAITS, 1):
        found = {wait_after(attempts) for _ in range(50)}
        assert len(found) > 1
        assert all(each is not None and wait <= each <= wait * 1.2 for each in found)
    assert wait_after(MOST_ATTEMPTS) is None
    assert sum(WAITS, timedelta()) > timedelta(days=3)


def test_retry_after_lengthens_the_wait_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "JITTER", 0)
    assert wait_after(1, timedelta(minutes=1)) == timedelta(minutes=1)
    assert wait_after(2, timedelta(seconds=1)) == timedelta(minutes=5)
    assert wait_after(1, timedelta(days=9)) == LONGEST_RETRY_AFTER
    assert wait_after(MOST_ATTEMPTS, timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"thanks", "thanks"),
        (b"bad key lg_live_12_abcdefghijklmnop", "bad key [hidden]"),
        (b"Authorization: Bearer abc.def", "Authorization: [hidden]"),
        (b"got v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= here", "got [hidden] here"),
        (b"secret whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD=", "secret [hidden]"),
        (b"key: mine", "key: [hidden]"),
        (b"\x00\xff\x1b[31mred\n", "��[31mred\n".replace("��", "���")),
        (b"x" * 5000, "x" * 1000),
    ],
)
def test_the_excerpt_of_a_response_is_bounded_and_without_secrets(body: bytes, kept: str) -> None:
    assert excerpt(body, [Secret("mine")]) == kept


def test_only_statuses_from_200_to_299_are_successes() -> None:
    statuses = [None, 100, 199, 200, 204, 299, 300, 301, 400, 410, 500]
    assert [each for each in statuses if Outcome(each).is_success] == [200, 204, 299]
    assert [each for each in statuses if Outcome(each).is_gone] == [410]
