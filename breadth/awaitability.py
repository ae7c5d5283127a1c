"""Facts about classes: whether a value of a class can be null, an exception or awaitable.

To ask a thousand values one by one costs more than to read them. Their classes are few, and for nearly all
classes the answer is the same for every instance.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import GeneratorType
from typing import Any, Final
from uuid import UUID
from weakref import WeakSet

from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.pyutils import Undefined
from graphql.pyutils.is_awaitable import is_async_iterable, is_awaitable

Predicate = Callable[[Any], bool]

BUILT_IN: Final = frozenset(
    {str, int, float, bool, complex, bytes, bytearray, list, tuple, dict, set, frozenset, range}
    | {date, datetime, time, timedelta, Decimal, UUID, object}
)
LARGEST_SET: Final = 1000


class ClassFacts:
    """Remembers the plain classes. No instance of a plain class is null, an exception or awaitable.

    `is_awaitable` answers for a single value of any other class.
    """

    def __init__(self, is_awaitable: Predicate) -> None:
        self.is_awaitable = is_awaitable
        self.plain_classes: set[type] = set(BUILT_IN)
        self._others: WeakSet[type] = WeakSet()

    def are_plain(self, classes: set[type]) -> bool:
        return classes <= self.plain_classes or all(map(self.is_plain, classes))

    def is_plain(self, class_: type) -> bool:
        if class_ in self.plain_classes:
            return True
        if class_ in self._others:
            return False
        plain = _is_plain(class_)
        if plain:
            if len(self.plain_classes) > LARGEST_SET:  # the program creates classes while it runs
                self.plain_classes.intersection_update(BUILT_IN)
            self.plain_classes.add(class_)
        else:
            self._others.add(class_)
        return plain


def _is_plain(class_: type) -> bool:
    return not (
        class_ in (type(None), type(Undefined))
        or issubclass(class_, (Exception, GeneratorType))
        or hasattr(class_, "__await__")
        or _is_dynamic(class_)
    )


def _is_dynamic(class_: type) -> bool:
    """Return whether an instance may have attributes that its class and its dictionary lack: proxies, mocks.

    A class written in C that looks up attributes in its own way may do anything.
    """
    for parent in class_.__mro__:
        if parent in BUILT_IN:
            continue
        if not {"__getattr__", "__getattribute__", "__class__"}.isdisjoint(vars(parent)):
            return True
    return False


DEFAULT: Final = ClassFacts(is_awaitable)

# The predicates that look for `__await__` and `__aiter__`, and those that are always false.
_known: Final[dict[Predicate, ClassFacts]] = {
    is_awaitable: DEFAULT,
    assume_not_awaitable: ClassFacts(assume_not_awaitable),
}
KNOWN_ASYNC_ITERABLE: Final[set[Predicate]] = {is_async_iterable, assume_not_async_iterable}


def class_facts_for(predicate: Predicate) -> ClassFacts | None:
    """Return the facts for an `is_awaitable` predicate; None for an unknown predicate."""
    return _known.get(predicate)


def register_is_awaitable(predicate: Predicate) -> None:
    """Register a predicate that answers as graphql-core's `is_awaitable` does."""
    _known.setdefault(predicate, ClassFacts(predicate))
