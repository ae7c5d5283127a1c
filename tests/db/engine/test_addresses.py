"""Addresses of PostgreSQL with several hosts."""

import pytest

from db.engine.addresses import canonical, single_hosts

TWO = "postgresql://ann:p%40ss@one:5433,two:5434/leads"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://ann:pass@one/leads", "postgresql://ann:pass@one/leads"),
        ("postgresql://one/leads?sslmode=require", "postgresql://one/leads?sslmode=require"),
        ("postgresql:///leads?host=/run/pg", "postgresql://%2Frun%2Fpg/leads"),
        (TWO, f"{TWO}?target_session_attrs=read-write"),
        (f"{TWO}?target_session_attrs=primary", f"{TWO}?target_session_attrs=primary"),
        (f"{TWO}?target_session_attrs=any&sslmode=require", f"{TWO}?target_session_attrs=any&sslmode=require"),
        (
            "postgresql://ann:p%40ss@/leads?host=one,two&port=5433,5434",
            f"{TWO}?target_session_attrs=read-write",
        ),
        ("postgresql:///leads?host=one,two&port=5433", "postgresql://one:5433,two:5433/leads?target_session_attrs=read-write"),
        ("postgresql://[::1]:1,[::2]:2/leads", "postgresql://[::1]:1,[::2]:2/leads?target_session_attrs=read-write"),
        ("postgresql:///leads", "postgresql:///leads"),
        ("postgresql:///leads?user=ann", "postgresql:///leads?user=ann"),
        ("postgresql:///leads?port=5433", "postgresql://localhost:5433/leads"),
    ],
)  # fmt: skip
def test_each_form_has_its_hosts_before_the_path(url: str, found: str) -> None:
    assert canonical(url) == found
    assert canonical(found) == found


def test_each_host_has_an_address_with_the_login_and_the_options() -> None:
    assert single_hosts(f"{TWO}?sslmode=require") == [
        "postgresql://ann:p%40ss@one:5433/leads?sslmode=require&target_session_attrs=read-write",
        "postgresql://ann:p%40ss@two:5434/leads?sslmode=require&target_session_attrs=read-write",
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("host=one&host=two", "`host` stands there twice"),
        ("host=one,two&port=1,2,3", "2 hosts have 3 ports"),
        ("host=one,&port=1", "a host is missing"),
        ("host=one&port=x", "a port is no number"),
        ("host=one&port=70000", "a port is no number"),
        ("host=one,two&target_session_attrs=standby", "must be any, primary or read-write"),
        ("target_session_attrs=read-only", "must be any, primary or read-write"),
        ("hostaddr=127.0.0.1", "`hostaddr` is not supported"),
        ("host=one,two&load_balance_hosts=random", "`load_balance_hosts` is not supported"),
    ],
)
def test_a_wrong_address_is_refused_with_a_sentence(query: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        canonical(f"postgresql://ann:secret@/leads?{query}")


def test_hosts_at_two_places_are_refused() -> None:
    with pytest.raises(ValueError, match="the hosts stand there twice"):
        canonical("postgresql://one/leads?host=two")
