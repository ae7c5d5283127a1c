"""Plain values as JSON and back, by their annotations.

Pydantic would do the same, but it takes 9 MB of each process. Dataclasses and named tuples become arrays of their fields,
in order. The conversions are made once per type. A value is checked against its annotation in both directions.
"""

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

Value = TypeVar("Value")
Convert = Callable[[Any], Any]

_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_KINDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Form:
    """The classes of a type's values and of their JSON, and the conversions. None leaves a value as it is."""

    classes: tuple[type, ...]
    json_classes: tuple[type, ...]
    dump: Convert | None = None
    load: Convert | None = None


class Codec(Generic[Value]):
    """Converts values of a type. Raises `TypeError` for a type with other values than plain ones."""

    def __init__(self, type_: Any) -> None:
        self._form = _form(type_)
        self._dump = _checked(self._form.classes, self._form.dump)
        self._load = _checked(self._form.json_classes, self._form.load)

    def dump(self, value: Value) -> bytes:
        """Return the value as JSON. Raises `TypeError` for a value of another type."""
        return orjson.dumps(self._dump(value))

    def load(self, body: bytes) -> Value:
        """Return the value of the JSON. Raises `ValueError` for JSON of another type."""
        try:
            value: Value = self._load(orjson.loads(body))
        except (TypeError, ArithmeticError) as other:
            raise ValueError(str(other)) from other
        return value


def _form(type_: Any) -> Form:
    if type_ in _LEAVES:
        return _LEAVES[type_]
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in {Union, types.UnionType}:
        return _optional(type_, arguments)
    if origin is list or (origin is tuple and arguments[1:] == (...,)):
        return _sequence(origin, _form(arguments[0]))
    if origin is tuple:
        return _tuple([_form(each) for each in arguments])
    if origin is dict:
        return _mapping(*map(_form, arguments))
    if isinstance(type_, type):
        return _class(type_)
    raise TypeError(f"{type_!r} is no plain type")


def _class(type_: type[Any]) -> Form:
    """Return the form of an enum, a dataclass or a named tuple."""
    if issubclass(type_, Enum):
        return Form((type_,), tuple({type(member.value) for member in type_}), load=type_)
    if is_dataclass(type_) and not any(each.kw_only for each in fields(type_)):
        return _record(type_, [each.name for each in fields(type_)])
    if issubclass(type_, tuple) and hasattr(type_, "_fields"):
        return _record(type_, type_._fields)
    raise TypeError(f"{type_!r} is no plain type")


def _record(type_: type[Any], names: Sequence[str]) -> Form:
    """Return the form of a class whose fields are also the arguments of its constructor."""
    hints = get_type_hints(type_)
    forms = [_form(hints[name]) for name in names]
    get = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    dump, load = _conversions(forms)
    return Form((type_,), (list,), lambda value: dump(get(value)), lambda values: type_(*load(values)))


def _tuple(forms: Sequence[Form]) -> Form:
    """Return the form of tuples with a type for each place."""
    dump, load = _conversions(forms)
    return Form((tuple,), (list,), dump, lambda values: tuple(load(values)))


def _conversions(forms: Sequence[Form]) -> tuple[Convert, Convert]:
    """Return the functions that dump and load the values of all fields."""
    return (
        _fields([form.classes for form in forms], [form.dump for form in forms]),
        _fields([form.json_classes for form in forms], [form.load for form in forms]),
    )


def _fields(classes: Sequence[tuple[type, ...]], converts: Sequence[Convert | None]) -> Callable[[Any], Any]:
    """Return a function that checks and converts the values of all fields.

    It remembers combinations of classes that it has accepted.
    """
    nested = [(index, convert) for index, convert in enumerate(converts) if convert is not None]
    accepted: set[tuple[type, ...]] = set()

    def convert_all(values: Sequence[Any]) -> Sequence[Any]:
        kinds = tuple(map(type, values))
        if kinds not in accepted:
            if len(kinds) != len(classes):
                raise TypeError(f"{len(kinds)} values for {len(classes)} fields")
            for kind, allowed in zip(kinds, classes, strict=True):
                _require(kind, allowed)
            if len(accepted) < _MOST_KINDS:
                accepted.add(kinds)
        if not nested:
            return values
        converted = list(values)
        for index, convert in nested:
            converted[index] = convert(converted[index])
        return converted

    return convert_all


def _require(kind: type, allowed: tuple[type, ...]) -> None:
    """Raise `TypeError` unless values of the class are allowed. A truth value is no number."""
    if not issubclass(kind, allowed) or (kind is bool and not {bool, object} & set(allowed)):
        raise TypeError(f"{kind.__name__} instead of {' or '.join(each.__name__ for each in allowed)}")


def _checked(classes: tuple[type, ...], convert: Convert | None) -> Convert:
    """Return a function that checks a single value and converts it."""

    def check(value: Any) -> Any:
        if type(value) not in classes:
            _require(type(value), classes)
        return value if convert is None else convert(value)

    return check


def _optional(type_: Any, arguments: Sequence[Any]) -> Form:
    """Return the form of a type that may be None."""
    others = [each for each in arguments if each is not types.NoneType]
    if len(others) != 1 or len(arguments) != 2:  # noqa: PLR2004 - None and another type
        raise TypeError(f"{type_!r} is no plain type")
    form = _form(others[0])
    none = types.NoneType
    return Form((*form.classes, none), (*form.json_classes, none), _or_none(form.dump), _or_none(form.load))


def _or_none(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def _sequence(type_: type[Any], element: Form) -> Form:
    dump = _checked(element.classes, element.dump)
    load = _checked(element.json_classes, element.load)
    return Form(
        (type_,), (list,), lambda values: list(map(dump, values)), lambda values: type_(map(load, values))
    )


def _mapping(key: Form, value: Form) -> Form:
    """Return the form of a dictionary. Its JSON is an array of pairs, because keys may be of any plain type."""
    dump = _fields([key.classes, value.classes], [key.dump, value.dump])
    load = _fields([key.json_classes, value.json_classes], [key.load, value.load])
    return Form(
        (dict,),
        (list,),
        lambda found: list(map(dump, found.items())),
        lambda pairs: dict(map(_checked((list,), load), pairs)),
    )


def _as_is(*classes: type) -> Form:
    return Form(classes, classes)


_LEAVES: Final[dict[Any, Form]] = {
    bool: _as_is(bool),
    int: _as_is(int),
    float: _as_is(float, int),
    str: _as_is(str),
    types.NoneType: _as_is(types.NoneType),
    list: _as_is(list),
    object: _as_is(object),
    Any: _as_is(object),
    datetime: Form((datetime,), (str,), load=datetime.fromisoformat),
    date: Form((date,), (str,), load=date.fromisoformat),
    Decimal: Form((Decimal,), (str,), str, Decimal),
    timedelta: Form(
        (timedelta,),
        (int,),
        lambda span: span // _MICROSECOND,
        lambda microseconds: timedelta(microseconds=microseconds),
    ),
}
