"""How an operation would be run, for people."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLSchema, default_field_resolver
from graphql.execution.values import VariableValues

from breadth.plan import Field, Plan, Scope
from breadth.source import Constant, Each, Read, Together
from breadth.survey import StepAside


def explain(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None) -> str:
    """The scopes of an operation, where their fields come from, and the text of their row builders; or why
    the operation is left to graphql-core. Selections count as if all conditions were true.
    """
    try:
        plan = Plan(schema, document, operation_name, default_field_resolver)
    except StepAside as reason:
        return f"left to graphql-core: {reason}"
    variables = VariableValues({}, dict.fromkeys(plan.conditions, True))
    lines: list[str] = []
    waiting: list[tuple[int, Scope]] = [(0, plan.variant(variables).root)]
    while waiting:
        depth, scope = waiting.pop()
        lines += [f"{'    ' * depth}{line}" for line in _lines(scope)]
        below = [inner for field in scope.others for inner in field.scopes()]
        waiting += [(depth + 1, inner) for inner in reversed(below)]
    return "\n".join(lines)


def _lines(scope: Scope) -> Iterator[str]:
    yield f"{scope.type}:"
    for field in scope.others:
        yield f"  {field.key}: {_source(field)}"
    for line in scope.builders.text().splitlines():
        yield f"  | {line}"


def _source(field: Field) -> str:
    source = field.source
    if isinstance(source, Together):
        return f"by {_name(source.resolver.resolve)}, for all parents at once"
    if isinstance(source, Each):
        return f"by {_name(source.resolve)}, parent by parent"
    if isinstance(source, Read):
        return f"read off the parent, {source.name}"
    assert isinstance(source, Constant)  # noqa: S101 - there are no others
    return repr(source.value)


def _name(function: object) -> str:
    name = getattr(function, "__qualname__", repr(function))
    return f"{getattr(function, '__module__', '?')}.{name}"
