"""`python -m bench.size` on little data."""

from pathlib import Path

import pytest

from bench.size.__main__ import OPERATIONS, main


def test_both_sizes_are_measured_and_old_mentions_deleted(
    server_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--rows", "16000", "--against", "8000")
    limits = ("--rounds", "1", "--requests", "1", "--seconds", "1", "--share", "0.1", "--partitions", "2")
    assert main([*sizes, *limits, "--home", str(server_folder)]) == 0
    printed = capsys.readouterr().out
    assert all(operation.title in printed for operation in OPERATIONS)
    rows = {
        cells[0]: cells[1:]
        for line in printed.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) > 1
    }
    small, large = (int(number.replace(",", "")) for number in rows["deleted mentions"])
    assert 600 <= small <= 800
    assert 1300 <= large <= 1600
    assert rows["wrong counters of a sample"] == ["0", "0"]
    assert "a word of a member" in rows
