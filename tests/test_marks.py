"""The table of marks fits the tree of tests."""

import pytest

from tests.support.marks import MARKS, TESTS


@pytest.mark.parametrize("name", MARKS)
def test_marks_name_folders_and_files_that_exist(name: str) -> None:
    assert (TESTS / name).exists(), (
        f"tests/{name} was moved or removed: change MARKS in tests/support/marks.py."
    )
