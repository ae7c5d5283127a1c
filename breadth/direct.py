"""Queries of one field whose object one generated function writes: no slots, and no scheduler.

A field takes this way if one set resolver of the context resolves it, all its arguments are variables, and it returns
one object. Everything unusual goes on in the ordinary way: an invalid variable before the resolver is called; an
error, or an object that generated code does not write alone, with the result of the resolver.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import ExecutionResult, Undefined

from breadth import strawberry_field
from breadth.awaitability import ClassFacts
from breadth.coercion import Coerce
from breadth.field_source import SetWise
from breadth.fields import InstanceOf
from breadth.plan import CompletionKind, Field, FieldSet, Plan
from breadth.request import Around
from breadth.run import Run, joined_rows

_UNWRITTEN: Final = object()

NewRun: TypeAlias = Callable[[], Run | ExecutionResult]
"""Makes the ordinary run, or returns the result with the errors of the variables."""
Result: TypeAlias = ExecutionResult | Coroutine[Any, Any, ExecutionResult]


class _Argument(NamedTuple):
    """An argument of the resolver: its name, its variable, and the functions that make its value."""

    name: str
    variable: str
    coerce: Coerce
    convert: Callable[[Any], Any]


class DirectQuery:
    """The direct way of one query. `arguments` and then `start` run it."""

    def __init__(self, field: Field, source: SetWise, given: list[_Argument]) -> None:
        self._field = field
        self._source = source
        self._given = given
        layer = field.layers[0]
        self._nullable = layer.nullable
        self._test: Any = layer.output_type.is_type_of  # type: ignore[union-attr]
        self._subfields = field.subfields(layer.output_type)  # type: ignore[arg-type]

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the arguments of the resolver; None if the ordinary way must coerce the variables."""
        found: dict[str, Any] = {}
        for name, variable, coerce, convert in self._given:
            value = variables.get(variable)
            if value is None:
                return None
            try:
                coerced = coerce(value)
                if coerced is Undefined or coerced is None:
                    return None
                found[name] = convert(coerced)
            except Exception:  # noqa: BLE001 - the ordinary way reports the error
                return None
        return found

    def start(
        self,
        arguments: dict[str, Any],
        root_value: Any,
        context_value: Any,
        class_facts: ClassFacts,
        around: Around | None,
        new_run: NewRun,
    ) -> Result:
        """Call the resolver, and return the result of the query or a coroutine of it.

        `new_run` makes the ordinary run, which takes the resolver's result if generated code cannot write it.
        """
        results: Any
        try:
            results = self._source.resolver.resolve([root_value], context_value, **arguments)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            results = error
        if not class_facts.is_awaitable(results):
            data = self._data(results, context_value)
            return self._resumed(new_run, results) if data is None else ExecutionResult(data, None)
        if around is not None:
            results = around(self._field, 1, results)
        return self._awaited(results, context_value, new_run)

    async def _awaited(
        self, awaitable: Awaitable[Any], context_value: Any, new_run: NewRun
    ) -> ExecutionResult:
        results: Any
        try:
            results = await awaitable
        except Exception as failure:  # noqa: BLE001 - it becomes the field's error
            results = failure
        data = self._data(results, context_value)
        if data is not None:
            return ExecutionResult(data, None)
        outcome = self._resumed(new_run, results, awaited=True)
        return outcome if isinstance(outcome, ExecutionResult) else await outcome

    def _resumed(self, new_run: NewRun, results: Any, *, awaited: bool = False) -> Result:
        run = new_run()
        return run if isinstance(run, ExecutionResult) else run.resume(self._field, results, awaited=awaited)

    def _data(self, results: Any, context_value: Any) -> dict[str, Any] | None:
        """Return the data of the response; None if the ordinary way must write them."""
        if type(results) is not list or len(results) != 1:
            return None
        (found,) = results
        if found is None:
            return {self._field.key: None} if self._nullable else None
        if not isinstance(found, self._test.classes):
            return None
        writers = self._subfields.layout_writers
        writer = None if writers is None else writers.writer(results)
        if writer is None or len(writer.written) != len(self._subfields.fields):
            return None
        rows = joined_rows(writer, results, context_value)
        return None if rows is None else {self._field.key: rows[0]}


def direct_query(plan: Plan) -> DirectQuery | None:
    """Return the direct way of a query; None for a query without it."""
    if plan.is_serial or plan.conditions:
        return None
    root = plan.variant(())
    field = _only_field(root)
    if field is None or not isinstance(field.source, SetWise) or field.argument_variables is None:
        return None
    if not field.source.resolver.of_context or field.source.resolver.wants_selection:
        return None
    given: list[_Argument] = []
    for name, variable in field.argument_variables:
        conversion, coerce = _conversion(field, name), plan.variables.coercion_of(variable)
        if conversion is None or coerce is None:
            return None
        given.append(_Argument(conversion[0], variable, coerce, conversion[1]))
    # The ordinary way must see a variable that is no argument.
    covers_all = {each.variable for each in given} == plan.variables.names
    return DirectQuery(field, field.source, given) if covers_all else None


def _conversion(field: Field, name: str) -> strawberry_field.Conversion | None:
    """Return the name and the conversion of an argument for the resolver; None if only Strawberry can convert it."""
    if strawberry_field.definition_of(field.definition) is None:
        return name, lambda value: value
    return field.conversion(name)


def _only_field(root: FieldSet) -> Field | None:
    """Return the only field of the root, if it returns one object of a type with layouts and no fragment answers it."""
    if len(root.fields) != 1:
        return None
    (field,) = root.fields
    layer: Any = field.layers[0]
    if layer.kind is not CompletionKind.OBJECT or field.fragment_marker is not None:
        return None
    test = layer.output_type.is_type_of
    return field if isinstance(test, InstanceOf) and test.layout_of is not None else None
