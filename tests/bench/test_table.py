"""The comparison of Leadgraph with each peer."""

from bench.measure import Case
from bench.operations import FLAT, POINT
from bench.table import peer_table

TITLES = {"breadth": "Leadgraph", "mercurius": "Mercurius", "yoga": "Yoga"}


def case(server: str, operation: str, p50: float, per_second: float) -> Case:
    return Case(server, operation, p50=[p50], per_second=[per_second])


OURS = [case("breadth", "flat", 4, 300), case("breadth", "point", 0.5, 4000)]
PEERS = [
    case("mercurius", "flat", 5, 200),
    case("mercurius", "point", 0.4, 5000),
    case("yoga", "flat", 8, 100),
    case("yoga", "point", 1, 1000),
]
PEAKS = {"breadth": 100, "mercurius": 400, "yoga": 80}


def test_each_peer_has_a_row_of_ratios_that_names_the_values_in_which_it_is_ahead() -> None:
    lines = peer_table([FLAT, POINT], [*OURS, *PEERS], PEAKS, TITLES).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert lines[0] == "### Leadgraph divided by each peer"
    assert rows[0] == [
        "peer", "flat p50", "flat req/s", "point p50", "point req/s", "MB", "ahead of us in",
    ]  # fmt: skip
    assert rows[2:] == [
        ["Mercurius", "0.800", "1.50", "1.25", "0.800", "0.250", "point p50, point req/s"],
        ["Yoga", "0.500", "3.00", "0.500", "4.00", "1.25", "MB"],
    ]


def test_a_peer_behind_in_all_values_is_ahead_in_nothing() -> None:
    table = peer_table([FLAT], [*OURS, *PEERS], {"breadth": 100, "mercurius": 400}, TITLES)
    mercurius, yoga = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[-2:]
    )
    assert mercurius == ["Mercurius", "0.800", "1.50", "0.250", "nothing"]
    assert yoga == ["Yoga", "0.500", "3.00", "", "nothing"]


def test_the_table_is_empty_without_a_peer() -> None:
    assert peer_table([FLAT], OURS, PEAKS, TITLES) == ""
