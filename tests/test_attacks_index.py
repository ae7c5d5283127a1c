"""The index of attacks: each named test exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_each_attack_of_the_index_has_its_test() -> None:
    named = NAMED.findall((ROOT / "docs/attacks.md").read_text())
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text()
    ]
    assert missing == []
    assert len(named) >= 40
