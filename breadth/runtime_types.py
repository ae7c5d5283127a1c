"""The object type of a value of an abstract type, known from the value's class alone.

That holds if graphql-core's or Strawberry's own resolution would ask `is_type_of` of each possible type, and each is an
`InstanceOf`. An instance must not be able to name its type by itself.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from breadth import strawberry_field
from breadth.fields import InstanceOf


def runtime_type(schema: GraphQLSchema, abstract: Any, class_: type) -> GraphQLObjectType | None:
    """Return the type of all instances of a class; None if each instance must be asked."""
    if abstract.resolve_type is not None and not strawberry_field.resolves_by_test(abstract):
        return None
    if _may_name_its_type(class_):
        return None
    possible = schema.get_possible_types(abstract)
    tests = [each.is_type_of for each in possible]
    if not all(isinstance(test, InstanceOf) for test in tests):
        return None
    found = [each for each, test in zip(possible, tests, strict=True) if test.accepts({class_})]  # type: ignore[union-attr]
    return found[0] if found else None


def _may_name_its_type(class_: type) -> bool:
    """Return whether an instance may have attributes or items of its own, or its class names a type."""
    if class_.__dictoffset__ or issubclass(class_, Mapping) or hasattr(class_, strawberry_field.CAST):
        return True
    if hasattr(class_, "__strawberry_definition__"):
        return True
    return any(hasattr(class_, f"_{each.__name__}__typename") for each in class_.__mro__)
