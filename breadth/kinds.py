"""What can be said of values by their class alone.

Asking a thousand values one by one whether they are null, an exception or awaitable costs more than reading
them. Their classes are few, and for nearly all of them the answer is the same for every instance.
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


class Kinds:
    """Tells classes whose instances are plain values: no nulls, exceptions or awaitables, whatever is in them."""

    def __init__(self, is_awaitable: Predicate) -> None:
        self.is_awaitable = is_awaitable
        self.plain_classes: set[type] = set(BUILT_IN)
        self._others: WeakSet[type] = WeakSet()

    def plain(self, kinds: set[type]) -> bool:
        """Whether all of the classes are plain."""
        return kinds <= self.plain_classes or all(map(self.is_plain, kinds))

    def is_plain(self, kind: type) -> bool:
        if kind in self.plain_classes:
            return True
        if kind in self._others:
            return False
        plain = _is_plain(kind)
        if plain:
            if len(self.plain_classes) > LARGEST_SET:  # a program that makes classes as it goes
                self.plain_classes.intersection_update(BUILT_IN)
            self.plain_classes.add(kind)
        else:
            self._others.add(kind)
        return plain


def _is_plain(kind: type) -> bool:
    return not (
        kind in (type(None), type(Undefined))
        or issubclass(kind, (Exception, GeneratorType))
        or hasattr(kind, "__await__")
        or _is_dynamic(kind)
    )


def _is_dynamic(kind: type) -> bool:
    """Whether an instance may have attributes that neither its class nor its dictionary has: proxies, mocks.

    A class written in C that has its own way to look attributes up may do anything.
    """
    for parent in kind.__mro__:
        if parent in BUILT_IN:
            continue
        if not {"__getattr__", "__getattribute__", "__class__"}.isdisjoint(vars(parent)):
            return True
    return False


DEFAULT: Final = Kinds(is_awaitable)

# The predicates that are known to go by `__await__` and `__aiter__`, and those that deny everything.
_known: Final[dict[Predicate, Kinds]] = {
    is_awaitable: DEFAULT,
    assume_not_awaitable: Kinds(assume_not_awaitable),
}
KNOWN_ASYNC_ITERABLE: Final[set[Predicate]] = {is_async_iterable, assume_not_async_iterable}


def kinds_for(predicate: Predicate) -> Kinds | None:
    """None for a predicate that nothing is known of."""
    return _known.get(predicate)


def know(predicate: Predicate) -> None:
    """Has a predicate known that differs from graphql-core's `is_awaitable` in speed alone."""
    _known.setdefault(predicate, Kinds(predicate))
