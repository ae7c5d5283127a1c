"""Conversion of arguments to Python's names and objects, as Strawberry does it, by functions made once per type.

Strawberry resolves the type again for every field of every input object. A list of a thousand objects has about
ten thousand fields. Strawberry itself converts what needs more than the value.
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
    """Raised for a type that only Strawberry can convert."""


def conversion(type_: Any, schema: Any) -> Convert | None:
    """Return the function that converts values of a Strawberry type; None if only Strawberry can convert them."""
    try:
        return Conversions(schema).of(type_)
    except LeftToStrawberryError:
        return None


class Conversions:
    """Makes the functions. Each input object has one, since input objects can contain each other."""

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
            return _unchanged
        if is_scalar(type_, self._scalars):
            return _unchanged
        if has_object_definition(type_):
            return self._object(type_)
        raise LeftToStrawberryError

    def _object(self, type_: Any) -> Convert:
        definition = type_.__strawberry_definition__
        if definition.from_input is not None:
            raise LeftToStrawberryError
        if type_ not in self._of_objects:
            # An input object that contains its own type finds this function until its own is made.
            self._of_objects[type_] = lambda value: self._of_objects[type_](value)  # noqa: PLW0108
            fields = {
                self._names.from_field(field): (
                    field.python_name,
                    self.of(field.resolve_type(type_definition=definition)),
                )
                for field in definition.fields
            }
            self._of_objects[type_] = _object(type_, fields, _omitted(definition))
        return self._of_objects[type_]


def _unchanged(value: Any) -> Any:
    return value


def _list(item: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        # Always a copy: a default is the same list in every request.
        return list(value) if item is _unchanged else list(map(item, value))

    return convert


def _omitted(definition: Any) -> dict[str, None]:
    """Return the fields of an input without a default. They are null if omitted."""
    if not definition.is_input:
        return {}
    return {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }


def _object(type_: Any, fields: Mapping[str, tuple[str, Convert]], omitted: Mapping[str, None]) -> Convert:
    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        converted = dict(omitted)
        for name, (python_name, convert_field) in fields.items():
            if name in value:
                converted[python_name] = convert_field(value[name])
        return type_(**converted)

    return convert
