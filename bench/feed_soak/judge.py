"""The comparison of a consumer's history with the ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.feed_soak.ledger import History, Row

MOST_EXAMPLES = 5


@dataclass(slots=True)
class Verdict:
    """The number of changes that a consumer got, and its faults."""

    consumer: str
    got: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    uncommitted: int = 0
    stale: int = 0
    """Rows whose last told content is not the final one."""
    interruptions: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.uncommitted or self.stale)

    def add(self, fault: str, row: Row, got: str, expected: str, number: int = 1) -> None:
        """Count a fault of the row."""
        setattr(self, fault, getattr(self, fault) + number)
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"{fault}: {row[0]} {row[1]} got {got or 'nothing'}, expected {expected}")


def exact(verdict: Verdict, got: Mapping[Row, str], expected: History) -> None:
    """Require each change of each row, once and in order."""
    verdict.got = sum(map(len, got.values()))
    for row in got.keys() | expected.keys():
        has, should = got.get(row, ""), expected.get(row, "")
        if has == should:
            continue
        more, less = Counter(has) - Counter(should), Counter(should) - Counter(has)
        for kind, number in more.items():
            verdict.add("doubled" if kind in should else "uncommitted", row, has, should, number)
        if less:
            verdict.add("lost", row, has, should, less.total())
        if not more and not less:
            verdict.add("out_of_order", row, has, should)


def merged(verdict: Verdict, got: Mapping[Row, str], expected: History) -> None:
    """Require the changes that a subscription tells of whole objects.

    Its events merge changes of one row, and leave out the creation of a row that is gone. The first change is then
    the creation, and the last one the deletion.
    """
    verdict.got = sum(map(len, got.values()))
    for row in got.keys() | expected.keys():
        has, should = got.get(row, ""), expected.get(row, "")
        for kind, number in (Counter(has) - Counter(should)).items():
            verdict.add("doubled" if kind in should else "uncommitted", row, has, should, number)
        is_gone = should.endswith("d")
        if (
            (should and not has)
            or (is_gone and "d" not in has)
            or (not is_gone and "c" in should and "c" not in has)
        ):
            verdict.add("lost", row, has, should)
        if "c" in has[1:] or "d" in has[:-1]:
            verdict.add("out_of_order", row, has, should)


def created(verdict: Verdict, got: Mapping[Row, str], expected: History) -> None:
    """Require each row that exists at the end, once, and no row that never existed."""
    verdict.got = sum(map(len, got.values()))
    for row in got.keys() | expected.keys():
        has, should = got.get(row, ""), expected.get(row, "")
        if len(has) > 1:
            verdict.add("doubled", row, has, should, len(has) - 1)
        if has and not should.startswith("c"):
            verdict.add("uncommitted", row, has, should)
        if not has and should and not should.endswith("d"):
            verdict.add("lost", row, has, should)


def content(verdict: Verdict, told: Mapping[Row, object], final: Mapping[Row, object]) -> None:
    """Require that the last told content of each row is the final one."""
    for row, value in final.items():
        if row in told and told[row] != value:
            verdict.add("stale", row, str(told[row]), str(value))
