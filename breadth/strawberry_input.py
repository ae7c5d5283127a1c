"""Strawberry's conversion of arguments to Python's names and objects, by functions made once of their types.

Strawberry works the type of every field of every input object out anew; a list of a thousand objects has some
ten thousand. What needs more than its value to be converted is left to Strawberry itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias

from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

Convert: TypeAlias = Callable[[Any], Any]


class LeftToStrawberryError(Exception):
    """A type that is not known here."""


def conversion(type_: Any, schema: Any) -> Convert | None:
    """The function of a type, which is how Strawberry names it; None where Strawberry has to do it."""
    try:
        return Conversions(schema).of(type_)
    except LeftToStrawberryError:
        return None


class Conversions:
    """Makes the functions. Input objects, which can hold each other, have one each."""

    def __init__(self, schema: Any) -> None:
        self._scalars = schema.schema_converter.scalar_registry
        self._names = schema.config.name_converter
        self._of_objects: dict[Any, Convert] = {}

    def of(self, type_: Any) -> Convert:
        while isinstance(type_, (StrawberryOptional, LazyType)):
            if isinstance(type_, StrawberryMaybe):
                raise LeftToStrawberryError
            type_ = type_.of_type if isinstance(type_, StrawberryOptional) else type_.resolve_type()
        if type_ is GlobalID:
            raise LeftToStrawberryError
        if isinstance(type_, StrawberryList):
            return _list(self.of(type_.of_type))
        if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
            return _as_it_is
        if is_scalar(type_, self._scalars):
            return _as_it_is
        if has_object_definition(type_):
            return self._object(type_)
        raise LeftToStrawberryError

    def _object(self, type_: Any) -> Convert:
        definition = type_.__strawberry_definition__
        if definition.from_input is not None:
            raise LeftToStrawberryError
        if type_ not in self._of_objects:
            # An object that holds its like finds the function that is made here.
            self._of_objects[type_] = lambda value: self._of_objects[type_](value)  # noqa: PLW0108
            fields = {
                self._names.from_field(field): (
                    field.python_name,
                    self.of(field.resolve_type(type_definition=definition)),
                )
                for field in definition.fields
            }
            self._of_objects[type_] = _object(type_, fields, _left_out(definition))
        return self._of_objects[type_]


def _as_it_is(value: Any) -> Any:
    return value


def _list(item: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        # Copied also where its items stay: a default is the same list for every request.
        return list(value) if item is _as_it_is else list(map(item, value))

    return convert


def _left_out(definition: Any) -> dict[str, None]:
    """The fields of an input that have no default, which are null where they are left out."""
    if not definition.is_input:
        return {}
    return {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }


def _object(type_: Any, fields: Mapping[str, tuple[str, Convert]], left_out: Mapping[str, None]) -> Convert:
    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        given = dict(left_out)
        for name, (python_name, convert_field) in fields.items():
            if name in value:
                given[python_name] = convert_field(value[name])
        return type_(**given)

    return convert
