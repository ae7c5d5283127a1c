"""The results as Markdown tables and as JSON values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.measure import Case, Memory
from bench.operations import Operation
from bench.servers import Running

FLOOR, NAIVE, OURS = "floor", "naive", "breadth"
PEERS = ("stock", "tuned", "mercurius", "yoga", "apollo", "postgraphile")


def _head(clients: int, *, naive: bool) -> list[str]:
    alone = ["p50 ms", "÷ floor", *(["÷ naive"] if naive else []), "p95 ms"]
    together = [f"req/s at {clients}", "floor ÷", f"p50 ms at {clients}", f"p95 ms at {clients}", "CPU ms"]
    return ["server", *alone, *together, "SQL ms", "statements"]


def operation_table(
    operation: Operation, cases: Sequence[Case], titles: Mapping[str, str], clients: int
) -> str:
    mine = [case for case in cases if case.operation == operation.name]
    floor = next((case for case in mine if case.server == FLOOR), Case(FLOOR, operation.name))
    naive = next((case for case in mine if case.server == NAIVE), None)
    rows = [_row(case, floor, naive, titles[case.server]) for case in mine]
    head = _head(clients, naive=naive is not None)
    return f"### {operation.name}: {operation.title}\n\n{markdown(head, rows)}"


def _row(case: Case, floor: Case, naive: Case | None, title: str) -> list[str]:
    effort = case.effort
    compared = [] if naive is None else [written(_ratio(case.median("p50"), naive.median("p50")))]
    return [
        title,
        written(case.median("p50")),
        written(_ratio(case.median("p50"), floor.median("p50"))),
        *compared,
        written(case.median("p95")),
        written(case.median("per_second")),
        written(_ratio(floor.median("per_second"), case.median("per_second"))),
        written(case.median("p50_together")),
        written(case.median("p95_together")),
        written(case.median("cpu")),
        written(effort.milliseconds if effort else None),
        f"{effort.statements} + {effort.other}" if effort else "",
    ]


def memory_table(running: Sequence[Running], peaks: Mapping[str, int | None]) -> str:
    floor = peaks.get(FLOOR)
    found = [(each.server.title, peaks[each.server.name]) for each in running]
    rows = [[title, _megabytes(peak), written(_ratio(peak, floor))] for title, peak in found]
    return f"### Peak memory\n\n{markdown(('server', 'MB', '÷ floor'), rows)}"


def request_memory_table(
    operation: Operation, found: Sequence[Memory], titles: Mapping[str, str], clients: int
) -> str:
    head = ["server", "MB after one request", f"peak MB at {clients}", "MB per concurrent request", "÷ naive"]
    naive = next((_per_request(each, clients) for each in found if each.server == NAIVE), None)
    rows = [
        [
            titles[each.server],
            _megabytes(each.idle_bytes),
            _megabytes(each.peak_bytes),
            _megabytes(_per_request(each, clients)),
            written(_ratio(_per_request(each, clients), naive)),
        ]
        for each in found
    ]
    return f"### Memory of {operation.name}\n\n{markdown(head, rows)}"


def _per_request(of: Memory, clients: int) -> float | None:
    return (
        None if of.idle_bytes is None or of.peak_bytes is None else (of.peak_bytes - of.idle_bytes) / clients
    )


def peer_table(
    operations: Sequence[Operation],
    cases: Sequence[Case],
    peaks: Mapping[str, int | None],
    titles: Mapping[str, str],
) -> str:
    """Return Leadgraph's latency, throughput and memory divided by those of each measured peer.

    The last column names the values in which a peer is ahead. The text is empty without Leadgraph or without a peer.
    """
    found = {(case.server, case.operation): case for case in cases}
    shared = [each.name for each in operations if (OURS, each.name) in found]
    peers = [peer for peer in PEERS if any((peer, name) in found for name in shared)]
    if not peers:
        return ""
    head = [
        "peer",
        *(f"{name} {value}" for name in shared for value in ("p50", "req/s")),
        "MB",
        "ahead of us in",
    ]
    rows = []
    for peer in peers:
        ratios = _ratios_to(peer, shared, found, peaks)
        behind = [name for name, (ratio, ahead) in ratios.items() if ratio and not ahead(ratio)]
        rows.append(
            [titles[peer], *(written(ratio) for ratio, _ in ratios.values()), ", ".join(behind) or "nothing"]
        )
    return f"### Leadgraph divided by each peer\n\n{markdown(head, rows)}"


def _ratios_to(
    peer: str,
    operations: Sequence[str],
    cases: Mapping[tuple[str, str], Case],
    peaks: Mapping[str, int | None],
) -> dict[str, tuple[float | None, Callable[[float], bool]]]:
    """Return each ratio to the peer by its name, with the test that Leadgraph is ahead."""
    ratios: dict[str, tuple[float | None, Callable[[float], bool]]] = {}
    for operation in operations:
        ours, theirs = cases[OURS, operation], cases.get((peer, operation), Case(peer, operation))
        ratios[f"{operation} p50"] = _ratio(ours.median("p50"), theirs.median("p50")), _is_less
        ratios[f"{operation} req/s"] = (
            _ratio(ours.median("per_second"), theirs.median("per_second")),
            _is_more,
        )
    return {**ratios, "MB": (_ratio(peaks.get(OURS), peaks.get(peer)), _is_less)}


def _is_less(ratio: float) -> bool:
    return ratio <= 1


def _is_more(ratio: float) -> bool:
    return ratio >= 1


def plain(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return a dictionary per case. Times are in milliseconds. A missing value is None."""
    measured = ("p50", "p95", "per_second", "p50_together", "p95_together", "cpu")
    return [
        {
            "server": case.server,
            "operation": case.operation,
            **{name: case.median(name) for name in measured},
            "sql": case.effort and case.effort.milliseconds,
            "statements": case.effort and case.effort.statements,
            "other_round_trips": case.effort and case.effort.other,
        }
        for case in cases
    ]


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _megabytes(number: float | None) -> str:
    return written(None if number is None else number / 1_000_000)


def written(value: float | None) -> str:
    """Return a number with three significant digits, or an empty text for None."""
    if value is None:
        return ""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3  # noqa: PLR2004
    return f"{value:,.{decimals}f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table. The first column is text, the others are numbers."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (head, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join([cells[0].ljust(widths[0]), *padded[1:]])} |"
