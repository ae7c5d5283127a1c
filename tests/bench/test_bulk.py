"""The benchmark of bulk: its posts, its judgement of memory, and a small run."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from bench.bulk.__main__ import main
from bench.bulk.memory import Life
from bench.bulk.posts import KEYWORD, broken, is_broken, matching, write_posts


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "csv", "json"])
def test_files_have_the_rows_of_the_formulas(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"posts.{ending}"
    write_posts(file, 12_345, 10)
    text = gzip.decompress(file.read_bytes()).decode() if ending.endswith("gz") else file.read_text()
    if ending == "csv":
        rows = list(csv.DictReader(text.splitlines()))
    else:
        rows = json.loads(text) if ending == "json" else [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 12_345
    assert sum(not row.get("externalId") for row in rows) == broken(12_345) == 12
    found = [number for number, row in enumerate(rows) if KEYWORD in row["content"] and not is_broken(number)]
    assert matching(12_345, 10) == (len(found), sum(found))
    assert all(rows[number]["externalId"] == f"p{number}" for number in found)


def test_memory_that_grows_after_a_tenth_of_a_long_life_is_not_flat() -> None:
    times = [float(second) for second in range(200)]
    assert Life("worker", times, [min(100.0, 10 * second) for second in times]).is_flat
    growing = Life("worker", times, [50 + second / 6 for second in times])
    assert (growing.is_flat, round(growing.slope)) == (False, 10)
    assert Life("worker", times[:100], [float(each) for each in range(100)]).is_flat


def test_a_small_run_with_kills_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "bulk"
    tmp_path.chmod(0o711)
    assert main(["--rows", "20000", "--kills", "2", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert "WRONG" not in said
    for line in (
        "mentions: 2,000, expected 2,000",
        "failed rows: 20, expected 20",
        "doubled rows: 0, expected 0",
    ):
        assert line in said
    assert not (home / "postgres").exists()
