"""A description of how breadth would run an operation."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLSchema, default_field_resolver
from graphql.execution.values import VariableValues

from breadth.field_source import Constant, PerParent, ReadAttribute, SetWise
from breadth.plan import Field, FieldSet, Plan
from breadth.preflight import Unsupported


def explain(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None) -> str:
    """Describe the field sets of an operation, the source of each field, and the generated functions.

    All conditions of `@skip` and `@include` count as true. For an operation that breadth does not run, return
    the reason.
    """
    try:
        plan = Plan(schema, document, operation_name, default_field_resolver)
    except Unsupported as reason:
        return f"left to graphql-core: {reason}"
    variables = VariableValues({}, dict.fromkeys(plan.conditions, True))
    lines: list[str] = []
    remaining: list[tuple[int, FieldSet]] = [(0, plan.root(variables))]
    while remaining:
        depth, field_set = remaining.pop()
        lines += [f"{'    ' * depth}{line}" for line in _lines(field_set)]
        below = [inner for field in field_set.others for inner in field.possible_subfields()]
        remaining += [(depth + 1, inner) for inner in reversed(below)]
    return "\n".join(lines)


def _lines(field_set: FieldSet) -> Iterator[str]:
    yield f"{field_set.type}:"
    for field in field_set.others:
        yield f"  {field.key}: {_source(field)}"
    for line in field_set.builders.text().splitlines():
        yield f"  | {line}"


def _source(field: Field) -> str:
    source = field.source
    if isinstance(source, SetWise):
        return f"by {_name(source.resolver.resolve)}, for all parents at once"
    if isinstance(source, PerParent):
        return f"by {_name(source.resolve)}, parent by parent"
    if isinstance(source, ReadAttribute):
        return f"read from the parent, {source.name}"
    assert isinstance(source, Constant)  # noqa: S101 - the last class of the union
    return repr(source.value)


def _name(function: object) -> str:
    name = getattr(function, "__qualname__", repr(function))
    return f"{getattr(function, '__module__', '?')}.{name}"
