"""The fragments of an operation: JSON of dashboards and of their parts, while the figures that they show are current.

The key of a fragment has the selected fields with their arguments, the viewer, the scopes of the viewer's credential,
and for a part of a dashboard the subject: user, window and time zone. A fragment of the key may be served if

1. the user's row of now has the same data version, time zone and first day of the week,
2. the quarter of an hour is the same, within which no window changes (`resolvers.framework.context.Context`),
3. the store of figures has the entries that the fragment was made of, and each may be served now.

A value is kept only if all that it was made of is known: resolvers that depend on nothing else
(`resolvers.fragments`), and no reads but those of figures. docs/decisions/0044-fragments.md has the reasons.
"""

from collections.abc import Awaitable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)

from breadth import ABSENT, Fragments, Selection
from breadth.field_source import PerParent, SetWise, marker_of
from breadth.fields import FRAGMENT
from breadth.fragments import fields_below
from breadth.plan import Field
from db.models import User
from loaders.rows import RowById
from resolvers.fragments import may_stand_in_fragment
from resolvers.framework.context import Context
from resolvers.framework.reads_by_place import Path, ReadsByPlace
from resolvers.timeframe import Overview
from schema.fragment_markers import Kept
from services.figures.cache import Fragment, state_of_row
from services.figures.windows import EARLIEST, QUARTER

ENCODING: Final = orjson.OPT_PASSTHROUGH_SUBCLASS
"""The options that responses are encoded with, so that a fragment has the same bytes."""


def fragments_of(context: Context) -> Fragments | None:
    """Return the fragments of an operation; None if its values must be ordinary ones, or nothing is kept."""
    if not context.takes_fragments or context.activity.watched_rows is not None:
        return None
    if context.cached.fragments.is_off or not context.is_authenticated:
        return None
    context.reads_by_place = ReadsByPlace()
    return _Fragments(context, context.reads_by_place)


def has_marked_fields(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Return whether an operation may select a field of a user's overview."""
    names = _marked_names(schema)
    nodes: list[OperationDefinitionNode | FragmentDefinitionNode] = [operation, *fragments.values()]
    return any(_selects(each, names) for each in nodes)


@lru_cache(maxsize=8)
def _marked_names(schema: GraphQLSchema) -> frozenset[str]:
    types = (each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType))
    return frozenset(
        name
        for each in types
        for name, definition in each.fields.items()
        if marker_of(definition, FRAGMENT) is Kept.OVERVIEW
    )


def _selects(node: Any, names: frozenset[str]) -> bool:
    """Return whether a node has a field of one of these names. Nodes nest deeply in some documents."""
    pending = [node]
    while pending:
        found = pending.pop().selection_set
        for each in () if found is None else found.selections:
            if isinstance(each, FieldNode) and each.name.value in names:
                return True
            if not isinstance(each, FragmentSpreadNode):
                pending.append(each)
    return False


class _Fragments:
    """The fragments of one operation."""

    def __init__(self, context: Context, reads: ReadsByPlace) -> None:
        viewer = context.viewer
        self._context = context
        self._reads = reads
        self._user_id = viewer.user_id
        self._viewer = viewer.user_id, viewer.role, frozenset(viewer.scopes)

    @property
    def _quarter(self) -> int:
        return (self._context.now - EARLIEST) // QUARTER

    def find(
        self, selection: Selection, parents: Sequence[Any], *, alone: bool
    ) -> Sequence[Any] | Awaitable[Sequence[Any]] | None:
        """Return the fragment of the parent, or `ABSENT`. Return None for several parents, and for other users."""
        parent = parents[0]
        if len(parents) > 1 or not self._is_own(parent):
            return None
        if selection.marker is Kept.PART:
            return None if parent.frame.max_age == 0 else [self._part(selection, parent)]
        fragment = self._known(self._key(selection, None))
        if fragment is None:
            return [self._absent()]
        return self._confirmed(fragment, selection.field.path, alone=alone and parent is None)

    def keep(self, selection: Selection, parent: Any, value: Any) -> Any:
        """Return the new fragment of a value, or the value if it cannot be kept."""
        made = None if self._reads.are_exact else self._made(selection, value)
        if made is None:
            return value
        subject = parent if selection.marker is Kept.PART else None
        self._context.cached.fragments.keep(self._key(selection, subject), made)
        return orjson.Fragment(made.body)

    # Finding

    def _part(self, selection: Selection, parent: Any) -> Any:
        """Return the fragment of a part whose figures have been prepared: they are those that the answer shows."""
        fragment = self._known(self._key(selection, parent))
        if fragment is None or not all(map(self._context.answer.serves, fragment.uses)):
            return self._absent()
        return self._served(fragment)

    async def _confirmed(self, fragment: Fragment, path: Path, *, alone: bool) -> Sequence[Any]:
        """Return the fragment, if the viewer's row and the store confirm it. Prepare its figures otherwise."""
        context = self._context
        cached = context.cached
        is_likely = cached.may_serve(fragment) and cached.fragments.is_likely_current(fragment)
        row = await context.own_row(alone=alone and is_likely)
        is_current = row is not None and _state(row) == fragment.state
        has_figures = is_current and await cached.confirms(fragment)
        if row is not None and has_figures and context.answer.serve(fragment, state_of_row(row)):
            return [self._served(fragment)]
        if context.known_row() is None:
            context.activity.unbounded += 1  # the row is read again in the snapshot
        if is_current and not has_figures:
            await context.answer.prepare(fragment.uses, path)
        return [self._absent()]

    def _known(self, key: Hashable) -> Fragment | None:
        found = self._context.cached.fragments.find(key)
        return None if found is None or found.quarter != self._quarter else found

    def _served(self, fragment: Fragment) -> Any:
        context = self._context
        context.cached.statistics.fragment_hits += 1
        context.activity.models |= fragment.models
        return orjson.Fragment(fragment.body)

    def _absent(self) -> Any:
        self._context.cached.statistics.fragment_misses += 1
        return ABSENT

    def _is_own(self, parent: Any) -> bool:
        """Return whether a fragment of the parent would show the viewer's own data."""
        if isinstance(parent, Overview):
            return parent.user_id == self._user_id
        return parent is None or getattr(parent, "id", None) == self._user_id

    def _key(self, selection: Selection, subject: Overview | None) -> Hashable:
        if subject is None:
            return selection.key, self._viewer
        frame = subject.frame
        return (
            selection.key,
            self._viewer,
            (frame.range, frame.period, frame.time_zone, frame.week_start, frame.max_age),
        )

    # Keeping

    def _made(self, selection: Selection, value: Any) -> Fragment | None:
        context, row = self._context, self._context.known_row()
        if row is None or context.figures_disagree or context.is_inexact:
            return None
        if not _may_stand_in_fragment(selection.field) or not self._reads_figures_alone(selection):
            return None
        uses = context.answer.uses(self._requests(selection))
        if not uses or len({use.generation for use in uses}) > 1:
            return None
        if any(use.question.user_id != self._user_id for use in uses):
            return None
        body = orjson.dumps(value, option=ENCODING, default=str)
        return Fragment(body, self._user_id, _state(row), self._quarter, uses)

    def _requests(self, selection: Selection) -> Any:
        """Return the distinct questions of the fields below, with the smallest of their largest ages."""
        found: dict[Any, Any] = {}
        path = selection.field.path
        for request in self._reads.figures_below(path):
            place = request.place and request.place._replace(path=request.place.path[len(path) :])
            for question in request.questions:
                asked, max_age = (request.figure, question), request.max_age
                before = found.get(asked)
                if before is not None and before[0] is not None:
                    max_age = before[0] if max_age is None else min(max_age, before[0])
                found[asked] = (max_age, place)
        return [(asked, max_age, place) for asked, (max_age, place) in found.items()]

    def _reads_figures_alone(self, selection: Selection) -> bool:
        """Return whether nothing below was read besides figures, and the viewer's row for the window of an overview."""
        path = selection.field.path
        row = RowById(User)
        return all(
            selection.marker is Kept.OVERVIEW
            and read.path == path
            and read.loader == row
            and list(read.keys) == [self._user_id]
            for read in self._reads.others_below(path)
        )


def _state(row: User) -> Hashable:
    """Return the part of the user's row that decides which figures are shown."""
    return row.data_version, row.time_zone, row.week_start


@lru_cache(maxsize=1000)
def _may_stand_in_fragment(field: Field) -> bool:
    """Return whether all fields below are read from their parents, or have a resolver that may stand in a fragment."""
    for each in fields_below(field):
        source = each.source
        if isinstance(source, PerParent):
            return False
        if isinstance(source, SetWise) and not may_stand_in_fragment(source.resolver.resolve):
            return False
    return True
