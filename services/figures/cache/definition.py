"""Definitions of cached figures: their questions, computation and allowed age."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar, get_args, get_type_hints

from db.models import Base, User
from loaders.dataloader import DataLoaders
from services.figures.cache.codec import Codec


class FigureQuestion(Hashable, Protocol):
    """Everything that a figure depends on, including window and zone: a frozen dataclass of plain values.

    It must not contain sets, because their order differs between processes.
    """

    @property
    def user_id(self) -> int | None:
        """The owner of the data; None for all data that the viewer may see."""


Question = TypeVar("Question", bound=FigureQuestion)
Value = TypeVar("Value")
Compute = Callable[[DataLoaders, Sequence[Question]], Awaitable[Sequence[Value]]]
WarmQuestions = Callable[[User, datetime], Sequence[Question]]


@dataclass(frozen=True, slots=True, eq=False)
class CachedFigure(Generic[Question, Value]):
    """One kind of figure. `compute` returns one value per question, in order.

    A value is fresh for `ttl_seconds` after the snapshot that it was computed from. For another `stale_seconds` it is
    served while a new value is computed. Increment `version` when the meaning or the shape of the value changes.
    Callers in one process get the same object of a `shared` figure and must not change it; of any other figure,
    every caller gets a copy.

    A viewer may see the figure if the viewer may read the rows of all its `models`. The computation may read rows of
    other models, too: their permissions are not required.
    """

    name: str
    version: int
    ttl_seconds: float
    stale_seconds: float
    compute: Compute[Question, Value]
    warm_questions: WarmQuestions[Question] | None = None
    shared: bool = False
    models: tuple[type[Base], ...] = field(kw_only=True)
    _questions: Codec[Question] = field(init=False, repr=False)
    _values: Codec[Value] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError(f"{self.name} must state the models whose permissions it requires")
        if self.ttl_seconds <= 0 or self.stale_seconds < 0:
            raise ValueError(f"{self.name} must have a positive TTL and a stale time of at least 0 seconds")
        question, value = _types(self.compute)
        try:
            object.__setattr__(self, "_questions", Codec(question))
            object.__setattr__(self, "_values", Codec(value))
        except TypeError as unknown:
            raise TypeError(f"{self.name} must have plain questions and values: {unknown}") from unknown

    @property
    def longest_seconds(self) -> float:
        """The greatest age of a served value."""
        return self.ttl_seconds + self.stale_seconds

    def key(self, question: Question, viewer: int | None, data_version: int) -> str:
        """Return the key of the answer, for the viewer's scope and a version of the data."""
        digest = _digest(self, question)
        scope = "all" if viewer is None else viewer
        owner = "all" if question.user_id is None else question.user_id
        return f"{self.name}:{self.version}:{scope}:{owner}:{data_version}:{digest}"

    def dump_question(self, question: Question) -> bytes:
        """Return the question as JSON. Raises an error if it is not of the type of the figure's questions."""
        return self._questions.dump(question)

    def dump(self, value: Value) -> bytes:
        """Return the value as JSON. Raises `TypeError` if it is not of the return type of `compute`."""
        try:
            return self._values.dump(value)
        except TypeError as other:
            raise TypeError(
                f"{self.name} returned a value of another type than annotated: {other}"
            ) from other

    def load(self, body: bytes) -> Value:
        """Return a new value. Raises `ValueError` if the body is not a value of this figure."""
        return self._values.load(body)


@lru_cache(4096)
def _digest(figure: CachedFigure[Any, Any], question: Any) -> str:
    """Return the digest of a question. A dashboard asks the same questions for a quarter of an hour."""
    return hashlib.blake2b(figure.dump_question(question), digest_size=16).hexdigest()


def _types(compute: Callable[..., Any]) -> tuple[Any, Any]:
    """Return the types of questions and values, from the annotations of `(loaders, questions) -> values`."""
    hints = get_type_hints(compute)
    parameter = list(inspect.signature(compute).parameters)[1]
    (question,), (value,) = get_args(hints[parameter]), get_args(hints["return"])
    return question, value


class FigureRegistry:
    """All figures by name, for instance for warming."""

    def __init__(self) -> None:
        self._by_name: dict[str, CachedFigure[Any, Any]] = {}

    def __iter__(self) -> Iterator[CachedFigure[Any, Any]]:
        return iter(self._by_name.values())

    def add(self, figure: CachedFigure[Any, Any]) -> None:
        if figure.name in self._by_name:
            raise ValueError(f"there are two figures with the name {figure.name}")
        self._by_name[figure.name] = figure


REGISTRY = FigureRegistry()


def cached_figure(
    name: str,
    *,
    models: tuple[type[Base], ...],
    version: int,
    ttl_seconds: float,
    stale_seconds: float,
    warm_questions: WarmQuestions[Any] | None = None,
    shared: bool = False,
    registry: FigureRegistry = REGISTRY,
) -> Callable[[Compute[Question, Value]], CachedFigure[Question, Value]]:
    """Return a decorator that makes a figure of a set-wise computation `(loaders, questions) -> values`.

    Its annotations define how questions and values are stored. A viewer needs the permissions to read the
    `models`. `warm_questions` returns a user's likely questions, whose figures are warmed.
    """

    def make(compute: Compute[Question, Value]) -> CachedFigure[Question, Value]:
        figure = CachedFigure(
            name, version, ttl_seconds, stale_seconds, compute, warm_questions, shared, models=models
        )
        registry.add(figure)
        return figure

    return make
