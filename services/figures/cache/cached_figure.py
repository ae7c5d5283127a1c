"""Metrics: figures that are worth keeping, as values. What is asked, how it is computed, how old it may be."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, get_args, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter
from pydantic_core import PydanticSerializationError

from db.models import User
from loaders.loader import Loads


class Question(Hashable, Protocol):
    """What a figure is of, window and zone included: a frozen dataclass of plain values, without sets, whose
    order differs between processes.
    """

    @property
    def user_id(self) -> int | None:
        """Whose data it is about; None for all that the viewer may see."""


Asked = TypeVar("Asked", bound=Question)
Value = TypeVar("Value")
Compute = Callable[[Loads, Sequence[Asked]], Awaitable[Sequence[Value]]]
WarmQuestions = Callable[[Loads, User, datetime], Awaitable[Sequence[Asked]]]


@dataclass(frozen=True, slots=True, eq=False)
class CachedFigure(Generic[Asked, Value]):
    """One kind of figure. `compute` returns one value per question, in order.

    A value is as good as new for `ttl_seconds` after the snapshot that it was computed from. For
    `stale_seconds` more it is served while a new one is computed; after that never. `version` grows whenever
    the figure means something else or its value has another shape. Values that are `shared` are the same objects for
    all who ask in this process, who must not change them; others are everybody's own.
    """

    name: str
    version: int
    ttl_seconds: float
    stale_seconds: float
    compute: Compute[Asked, Value]
    warm_questions: WarmQuestions[Asked] | None = None
    shared: bool = False
    _questions: TypeAdapter[Asked] = field(init=False, repr=False)
    _values: TypeAdapter[Value] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.ttl_seconds <= 0 or self.stale_seconds < 0:
            raise ValueError(f"{self.name} lives for {self.ttl_seconds} s, and {self.stale_seconds} s stale")
        question, value = _types(self.compute)
        try:
            object.__setattr__(self, "_questions", TypeAdapter(question))
            object.__setattr__(self, "_values", TypeAdapter(value))
        except PydanticSchemaGenerationError as unknown:
            raise TypeError(f"{self.name} is not about plain values: {unknown.message}") from unknown

    @property
    def longest_seconds(self) -> float:
        """The greatest age at which a value may be served."""
        return self.ttl_seconds + self.stale_seconds

    def key(self, question: Asked, viewer: int | None, data_version: int) -> str:
        """The name under which the answer is kept, for what this viewer may see of data at this version."""
        asked = self._questions.dump_json(question, warnings="error")
        digest = hashlib.blake2b(asked, digest_size=16).hexdigest()
        viewed = "all" if viewer is None else viewer
        of = "all" if question.user_id is None else question.user_id
        return f"{self.name}:{self.version}:{viewed}:{of}:{data_version}:{digest}"

    def dump(self, value: Value) -> bytes:
        """The value as JSON. Raises `TypeError` where it is not what `compute` says it returns."""
        try:
            return self._values.dump_json(value, warnings="error")
        except PydanticSerializationError as other:
            raise TypeError(f"{self.name} computed what it does not announce: {other}") from other

    def load(self, body: bytes) -> Value:
        """A new value. Raises `ValueError` for a body that is none of this metric."""
        return self._values.validate_json(body)


def _types(compute: Callable[..., Any]) -> tuple[Any, Any]:
    """The types of questions and values, from the annotations of `(loads, questions) -> values`."""
    hints = get_type_hints(compute)
    parameter = list(inspect.signature(compute).parameters)[1]
    (question,), (value,) = get_args(hints[parameter]), get_args(hints["return"])
    return question, value


class CachedFigures:
    """The metrics that are known by name, for those who go through all of them, as warming does."""

    def __init__(self) -> None:
        self._by_name: dict[str, CachedFigure[Any, Any]] = {}

    def __iter__(self) -> Iterator[CachedFigure[Any, Any]]:
        return iter(self._by_name.values())

    def add(self, cached_figure: CachedFigure[Any, Any]) -> None:
        if cached_figure.name in self._by_name:
            raise ValueError(f"there are two figures with the name {cached_figure.name}")
        self._by_name[cached_figure.name] = cached_figure


REGISTERED = CachedFigures()


def cached_figure(
    name: str,
    *,
    version: int,
    ttl_seconds: float,
    stale_seconds: float,
    warm_questions: WarmQuestions[Any] | None = None,
    shared: bool = False,
    metrics: CachedFigures = REGISTERED,
) -> Callable[[Compute[Asked, Value]], CachedFigure[Asked, Value]]:
    """Makes a metric of a set-wise computation `(loads, questions) -> values`, whose annotations say what goes
    into the store and comes out. `warm_questions` names the questions that users will probably ask, to warm them.
    """

    def make(compute: Compute[Asked, Value]) -> CachedFigure[Asked, Value]:
        made = CachedFigure(name, version, ttl_seconds, stale_seconds, compute, warm_questions, shared)
        metrics.add(made)
        return made

    return make
