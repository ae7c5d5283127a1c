"""The reads of an operation by the fields that read, to know all that the value of a field depends on."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from db.engine.activity import PLACE, Place
from loaders.dataloader import DataLoader
from services.figures.cache import CachedFigure, Question

Path: TypeAlias = tuple[str, ...]


class FiguresRequest(NamedTuple):
    """Figures that a field has requested."""

    figure: CachedFigure[Any, Any]
    questions: Sequence[Any]
    max_age: int | None
    place: Place | None


class OtherRead(NamedTuple):
    """A read of anything but figures. The loader is None for a service that reads itself."""

    path: Path
    loader: DataLoader[Any, Any] | None
    keys: Sequence[Any]


class ReadsByPlace:
    """The reads of one operation. A read of no known place counts for all fields."""

    def __init__(self) -> None:
        self._figures: list[tuple[Path, FiguresRequest]] = []
        self._others: list[OtherRead] = []
        self.are_exact = False
        """True if a field has requested figures that are computed for this answer alone."""

    def note(self, loader: DataLoader[Any, Any] | None, keys: Sequence[Any]) -> None:
        """Note a read of the current place."""
        self._others.append(OtherRead(_path(PLACE.get()), loader, keys))

    def note_figures(
        self, figure: CachedFigure[Question, Any], questions: Sequence[Question], max_age: int | None
    ) -> None:
        """Note figures that the current place requests."""
        place = PLACE.get()
        self.are_exact = self.are_exact or max_age == 0
        self._figures.append((_path(place), FiguresRequest(figure, questions, max_age, place)))

    def figures_below(self, path: Path) -> Iterator[FiguresRequest]:
        """Yield the figures of a field and of all fields below it."""
        return (request for at, request in self._figures if _is_below(at, path))

    def others_below(self, path: Path) -> Iterator[OtherRead]:
        """Yield the other reads of a field and of all fields below it."""
        return (read for read in self._others if _is_below(read.path, path))


def _path(place: Place | None) -> Path:
    return () if place is None else place.path


def _is_below(at: Path, path: Path) -> bool:
    return not at or at[: len(path)] == path
