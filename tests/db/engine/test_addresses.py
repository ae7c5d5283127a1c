"""Addresses of PostgreSQL with several hosts."""

import pytest

from db.engine.addresses import canonical, of_standby, place_of, single_hosts

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
        ("postgresql:///leads?host=::1,fe80::2&port=1", "postgresql://[::1]:1,[fe80::2]:1/leads?target_session_attrs=read-write"),
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


@pytest.mark.parametrize("hosts", ["one,", ",one", "one,,two", "one:1,:2"])
def test_a_missing_host_is_refused_and_is_not_this_machine(hosts: str) -> None:
    with pytest.raises(ValueError, match="a host is missing before or after a comma"):
        canonical(f"postgresql://ann:secret@{hosts}/leads")


def test_a_replica_is_one_host_of_any_role() -> None:
    assert of_standby("postgresql:///leads?host=/run/Pg") == "postgresql://%2Frun%2FPg/leads"
    assert of_standby("postgresql://one/leads?target_session_attrs=any").startswith("postgresql://one/leads?")
    for wanted in ("standby", "read-write", "primary", ""):
        with pytest.raises(ValueError, match="leave target_session_attrs out of the address of a replica"):
            of_standby(f"postgresql://one/leads?target_session_attrs={wanted}")
    for several in ("postgresql://one,two/leads", "postgresql:///leads?host=one,two"):
        with pytest.raises(ValueError, match="an address of a replica has one host"):
            of_standby(several)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://ann:secret@one:5433/leads", "one:5433"),
        ("postgresql://ann:secret@[::1]:1/leads?sslmode=require", "[::1]:1"),
        ("postgresql://%2Frun%2FPg:5433/leads", "/run/Pg:5433"),
        ("postgresql:///leads", "localhost"),
    ],
)
def test_the_place_of_an_address_is_its_host_and_port(url: str, place: str) -> None:
    assert place_of(url) == place


def test_hosts_at_two_places_are_refused() -> None:
    with pytest.raises(ValueError, match="the hosts stand there twice"):
        canonical("postgresql://one/leads?host=two")
