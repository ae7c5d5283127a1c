"""The modules of breadth import each other in one direction."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "breadth"
MODULES = {path.stem for path in PACKAGE.glob("*.py")}


def imported(source: str) -> set[str]:
    """Return the modules of breadth that a module imports anywhere, also for type checking alone."""
    return {name for node in ast.walk(ast.parse(source)) for name in _names(node)}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name.removeprefix("breadth.") for each in node.names if each.name in _FULL)
    elif isinstance(node, ast.ImportFrom) and node.module == "breadth":
        yield from (each.name for each in node.names if each.name in MODULES)
    elif isinstance(node, ast.ImportFrom) and node.module in _FULL:
        yield node.module.removeprefix("breadth.")


_FULL = {f"breadth.{name}" for name in MODULES}


def order(imports: Mapping[str, set[str]]) -> list[str]:
    return list(TopologicalSorter(imports).static_order())


def test_imports_have_no_cycle() -> None:
    imports = {path.stem: imported(path.read_text()) for path in PACKAGE.glob("*.py")}
    assert imports["state"] >= {"errors", "response_slots", "scheduler"}
    assert set(order(imports)) == MODULES


def test_a_cycle_for_type_checking_alone_is_found() -> None:
    first = "if TYPE_CHECKING:\n    from breadth.run import Run"
    second = "def later():\n    from breadth import plan"
    with pytest.raises(CycleError):
        order({"plan": imported(first), "run": imported(second)})
