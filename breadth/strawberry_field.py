"""What breadth knows of Strawberry's fields. Strawberry itself is imported only where a schema of it is run."""

from collections.abc import Callable, Mapping
from operator import getitem
from typing import Any, Final

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema

DEFINITION: Final = "strawberry-definition"

_MAKER: Final = "GraphQLCoreConverter.from_resolver.<locals>."
_BASIC: Final = f"{_MAKER}_get_basic_result"
_MADE: Final = {_BASIC, f"{_MAKER}_resolver", f"{_MAKER}_async_resolver"}


def definition_of(field: GraphQLField) -> Any | None:
    """The Strawberry field that a field was made of."""
    return field.extensions.get(DEFINITION)


def metadata_of(field: GraphQLField) -> Mapping[Any, Any]:
    """A Strawberry field's metadata; empty where something is wrapped around the field: permissions,
    extensions, handlers of exceptions, or a resolver that was put in the place of Strawberry's.
    """
    definition = definition_of(field)
    resolve: Any = field.resolve
    if definition is None or definition.extensions or getattr(resolve, "__qualname__", "") not in _MADE:
        return {}
    if _closed_over(resolve, "field_exception_handlers"):
        return {}
    metadata: Mapping[Any, Any] = definition.metadata or {}
    return metadata


def attribute_of(field: GraphQLField) -> tuple[str, Callable[..., Any]] | None:
    """Name and function by which a field without a resolver reads its parents; None for any other field."""
    definition = definition_of(field)
    if definition is None or getattr(field.resolve, "__qualname__", "") != _BASIC:
        return None
    from strawberry.types.field import StrawberryField  # noqa: PLC0415 - see the module's docstring

    if type(definition).get_result is not StrawberryField.get_result:
        return None
    default: Callable[..., Any] = definition.default_resolver
    return (definition.python_name, default) if default in (getattr, getitem) else None


def python_name_of(field: GraphQLField) -> str | None:
    definition = definition_of(field)
    return None if definition is None else definition.python_name


def plain_arguments(field: GraphQLField) -> Mapping[str, str]:
    """The arguments that are handed on as they are, whatever their value: their Python names by those in GraphQL."""
    definition = definition_of(field)
    if definition is None:
        return {name: name for name in field.args}
    if not definition.arguments:
        return {}
    from strawberry.scalars import ID  # noqa: PLC0415 - see the module's docstring
    from strawberry.types.base import StrawberryMaybe, StrawberryOptional  # noqa: PLC0415

    plain: dict[str, str] = {}
    for name, argument in field.args.items():
        known = argument.extensions.get(DEFINITION)
        type_ = known.type if known is not None else None
        while isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
            type_ = type_.of_type
        if known is not None and any(type_ is kind for kind in (str, int, float, bool, ID)):
            plain[name] = known.python_name
    return plain


def conversions(field: GraphQLField, schema: GraphQLSchema) -> Mapping[str, tuple[str, Callable[[Any], Any]]]:
    """How arguments are handed on, by their names in GraphQL: the Python name, and what makes the value. Those
    that only Strawberry can convert are absent.
    """
    definition = definition_of(field)
    if definition is None:
        return {}
    from breadth.strawberry_input import conversion  # noqa: PLC0415 - see the module's docstring

    library = _schema(schema)
    found = {
        library.config.name_converter.from_argument(argument): (
            argument.python_name,
            conversion(argument.type, library),
        )
        for argument in definition.arguments
    }
    return {name: (python_name, each) for name, (python_name, each) in found.items() if each is not None}


def converted(
    field: GraphQLField, arguments: dict[str, Any], info: GraphQLResolveInfo[Any]
) -> dict[str, Any]:
    """A field's arguments as Strawberry hands them to its resolvers: Python names, input objects, enums.

    Arguments that were left out stay away.
    """
    definition = definition_of(field)
    if definition is None:
        return arguments
    from strawberry.types.arguments import convert_arguments  # noqa: PLC0415 - see the module's docstring

    schema = _schema(info.schema)
    return convert_arguments(
        arguments,
        definition.arguments,
        scalar_registry=schema.schema_converter.scalar_registry,
        config=schema.config,
        info=schema.config.info_class(_raw_info=info, _field=definition),
    )


def _schema(schema: GraphQLSchema) -> Any:
    return schema.extensions[DEFINITION]


def _closed_over(function: Any, name: str) -> Any:
    """What a function remembers under a name of the function around it; None if it has no such name."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return cells[name].cell_contents if name in cells else None
