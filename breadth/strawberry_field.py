"""Facts about Strawberry's fields. Strawberry itself is imported only if a Strawberry schema runs."""

from collections.abc import Callable, Mapping
from operator import getitem
from typing import Any, Final, TypeAlias

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema, is_interface_type

DEFINITION: Final = "strawberry-definition"
CAST: Final = "__as_strawberry_type__"
"""The attribute by which an object names its type."""
_RESOLVE_TYPE: Final = "GraphQLCoreConverter.from_interface.<locals>._get_resolve_type.<locals>.resolve_type"
_CONVERSIONS: Final = "breadth-conversions"

Conversion: TypeAlias = tuple[str, Callable[[Any], Any]]

_MAKER: Final = "GraphQLCoreConverter.from_resolver.<locals>."
_BASIC: Final = f"{_MAKER}_get_basic_result"
_MADE: Final = {_BASIC, f"{_MAKER}_resolver", f"{_MAKER}_async_resolver"}


def definition_of(field: GraphQLField) -> Any | None:
    """Return the Strawberry field that a field was made from; None for other fields."""
    return field.extensions.get(DEFINITION)


def resolves_by_test(abstract: Any) -> bool:
    """Return whether an interface's `resolve_type` is Strawberry's own, which asks `is_type_of` of each possible type."""
    made = getattr(abstract.resolve_type, "__qualname__", "") == _RESOLVE_TYPE
    return made and is_interface_type(abstract)


def metadata_of(field: GraphQLField) -> Mapping[Any, Any]:
    """Return a Strawberry field's metadata. Return nothing if the field's resolver is wrapped or replaced.

    Permissions, extensions and exception handlers wrap a resolver.
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
    """Return the attribute and the function that read a field without a resolver; None for other fields."""
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


def conversion(field: GraphQLField, name: str, schema: GraphQLSchema) -> Conversion | None:
    """Return the Python name and the conversion of an argument; None if only Strawberry can convert it.

    Both are made once for each argument of the schema.
    """
    argument = field.args[name].extensions.get(DEFINITION)
    if argument is None:
        return None
    # The functions refer to each other. One set for all documents leaves nothing for a garbage collection.
    known: dict[int, Conversion | None] = schema.extensions.setdefault(_CONVERSIONS, {})
    key = id(argument)  # the schema keeps its arguments
    if key not in known:
        from breadth import strawberry_input  # noqa: PLC0415 - see the module's docstring

        convert = strawberry_input.conversion(argument.type, _schema(schema))
        known[key] = None if convert is None else (argument.python_name, convert)
    return known[key]


def converted(
    field: GraphQLField, arguments: dict[str, Any], make_info: Callable[[], GraphQLResolveInfo[Any]]
) -> dict[str, Any]:
    """Return a field's arguments as Strawberry passes them to resolvers: Python names, input objects, enums.

    Omitted arguments stay absent.
    """
    definition = definition_of(field)
    if definition is None:
        return arguments
    from strawberry.types.arguments import convert_arguments  # noqa: PLC0415 - see the module's docstring

    info = make_info()
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
    """Return a variable that a function has from the function around it; None without such a variable."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return cells[name].cell_contents if name in cells else None
