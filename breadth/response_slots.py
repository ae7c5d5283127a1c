"""Slots: the positions of the response that values are written into.

The response grows from the top. A row is a dictionary with all of its keys, and it is put into its slot before its
fields are resolved. A slot is addressed by an index within the slots of a field. A slot that fails becomes null. If
it must not be null, the null propagates to the nearest slot above that may be null. Writing into a row or list that
is no longer part of the response does no harm.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, NamedTuple, TypeAlias

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

from breadth.object_codegen import Row
from breadth.plan import Field, FieldSet

Address: TypeAlias = tuple[int, ...]
"""The position of a slot, as numbers. Addresses sort in the order of a depth-first execution."""


class Step(NamedTuple):
    """A step on the way from a slot up to the root. `order` is the key's position among its row's keys."""

    key: str | int
    order: int


class RowBlock:
    """The objects of one field set that were found together: `rows[i]` is written from `sources[i]`.

    `slots` hold the rows. They are None for the root. `others` are the fields that are resolved after the columns.
    """

    __slots__ = ("field_set", "infos", "others", "paths", "rows", "slots", "sources")

    def __init__(
        self, field_set: FieldSet, sources: Sequence[Any], rows: list[Row], slots: "Slots | None"
    ) -> None:
        self.field_set = field_set
        self.others = field_set.others
        self.sources = sources
        self.rows = rows
        self.slots = slots
        self.paths: list[Path | None] | None = None
        self.infos: dict[tuple[int, int], GraphQLResolveInfo[Any]] = {}

    def pick(self, picks: Sequence[int]) -> "RowBlock":
        """Return a block of some of the rows, which are in their slots already."""
        sources, rows = [self.sources[pick] for pick in picks], [self.rows[pick] for pick in picks]
        return RowBlock(self.field_set, sources, rows, self.slots and PickedSlots(self.slots, picks))

    def is_attached(self, index: int) -> bool:
        """Return whether a row is still part of the response, unless the whole response is null."""
        slots = self.slots
        return slots is None or (slots.get(index) is self.rows[index] and is_attached(slots, index))


class FieldSlots:
    """The slots of a field in all rows of a block. `awaited` is true if one awaitable gave all their values."""

    __slots__ = ("awaited", "block", "depth", "field")

    awaited: bool
    block: RowBlock
    depth: int
    field: Field

    def __init__(self, block: RowBlock, field: Field) -> None:
        self.awaited = False
        self.block = block
        self.field = field
        self.depth = 0

    def put(self, values: Sequence[Any]) -> None:
        key = self.field.key
        for row, value in zip(self.block.rows, values, strict=True):
            row[key] = value

    def put_some(self, picks: Sequence[int], values: Sequence[Any]) -> None:
        key, rows = self.field.key, self.block.rows
        for pick, value in zip(picks, values, strict=True):
            rows[pick][key] = value

    def put_one(self, index: int, value: Any) -> None:
        self.block.rows[index][self.field.key] = value

    def get(self, index: int) -> Any:
        return self.block.rows[index][self.field.key]


class ItemSlots:
    """The slots of all items of the lists in some slots. Creating them puts lists of nulls into those slots."""

    __slots__ = ("base", "block", "depth", "field", "lists", "offsets")

    awaited: ClassVar[bool] = False
    base: "FieldSlots | ItemSlots | PickedSlots"
    block: RowBlock
    depth: int
    field: Field

    def __init__(self, base: "FieldSlots | ItemSlots | PickedSlots", lengths: Sequence[int]) -> None:
        self.base = base
        self.block = base.block
        self.field = base.field
        self.depth = base.depth + 1
        self.lists: list[list[Any]] = [[None] * length for length in lengths]
        self.offsets = list(accumulate(lengths, initial=0))
        base.put(self.lists)

    def split(self, index: int) -> tuple[int, int]:
        """Return the number of the item's list, and the item's index in that list."""
        which = bisect_right(self.offsets, index) - 1
        return which, index - self.offsets[which]

    def put(self, values: Sequence[Any]) -> None:
        for items, (start, stop) in zip(self.lists, pairwise(self.offsets), strict=True):
            items[:] = values[start:stop]

    def put_some(self, picks: Sequence[int], values: Sequence[Any]) -> None:
        which, offsets = 0, self.offsets
        for pick, value in zip(picks, values, strict=True):  # picks ascend
            while pick >= offsets[which + 1]:
                which += 1
            self.lists[which][pick - offsets[which]] = value

    def put_one(self, index: int, value: Any) -> None:
        which, position = self.split(index)
        self.lists[which][position] = value

    def get(self, index: int) -> Any:
        which, position = self.split(index)
        return self.lists[which][position]


class PickedSlots:
    """Some of the slots of `base`, numbered anew. `picks` ascend. `awaited` is true if their values were awaited."""

    __slots__ = ("awaited", "base", "block", "depth", "field", "picks")

    awaited: bool
    base: FieldSlots | ItemSlots
    block: RowBlock
    depth: int
    field: Field
    picks: Sequence[int]

    def __init__(self, base: "Slots", picks: Sequence[int], *, awaited: bool = False) -> None:
        self.awaited = awaited or base.awaited
        if isinstance(base, PickedSlots):
            self.base, self.picks = base.base, [base.picks[pick] for pick in picks]
        else:
            self.base, self.picks = base, picks
        self.block = base.block
        self.field = base.field
        self.depth = base.depth

    def put(self, values: Sequence[Any]) -> None:
        self.base.put_some(self.picks, values)

    def put_one(self, index: int, value: Any) -> None:
        self.base.put_one(self.picks[index], value)

    def get(self, index: int) -> Any:
        return self.base.get(self.picks[index])


Slots: TypeAlias = FieldSlots | ItemSlots | PickedSlots


def row_of(slots: Slots, index: int) -> int:
    """Return the index of the row that holds a slot, in the slots' block."""
    while not isinstance(slots, FieldSlots):
        index = slots.picks[index] if isinstance(slots, PickedSlots) else slots.split(index)[0]
        slots = slots.base
    return index


def steps(slots: Slots | None, index: int) -> Iterator[Step]:
    while slots is not None:
        if isinstance(slots, PickedSlots):
            index = slots.picks[index]
            slots = slots.base
        elif isinstance(slots, ItemSlots):
            index, position = slots.split(index)
            yield Step(position, position)
            slots = slots.base
        else:
            yield Step(slots.field.key, slots.field.order)
            slots = slots.block.slots


def path_of(slots: Slots, index: int) -> list[str | int]:
    return [step.key for step in steps(slots, index)][::-1]


def address_of(slots: Slots | None, index: int) -> Address:
    return tuple([step.order for step in steps(slots, index)][::-1])


class NullBoundary(NamedTuple):
    """The slot that became null for an error. The address is empty if the whole response is null.

    `passed_awaited` is true if the null passed a slot whose value was awaited.
    """

    address: Address
    passed_awaited: bool


def propagate_null(slots: Slots, index: int) -> NullBoundary:
    """Make a failed slot null, or the nearest slot above it that may be null."""
    passed_awaited = False
    at: Slots | None = slots
    while at is not None:
        awaited = at.awaited
        if isinstance(at, PickedSlots):
            index = at.picks[index]
            at = at.base
        if at.field.layers[at.depth].nullable:
            at.put_one(index, None)
            return NullBoundary(address_of(at, index), passed_awaited)
        passed_awaited = passed_awaited or awaited
        if isinstance(at, ItemSlots):
            index = at.split(index)[0]
            at = at.base
        else:
            at = at.block.slots
    return NullBoundary((), passed_awaited)


def is_attached(slots: Slots | None, index: int) -> bool:
    """Return whether a slot is still part of the response, unless the whole response is null."""
    while slots is not None:
        if isinstance(slots, PickedSlots):
            index = slots.picks[index]
            slots = slots.base
        if isinstance(slots, ItemSlots):
            index = slots.split(index)[0]
            if slots.base.get(index) is not slots.lists[index]:
                return False
            slots = slots.base
        else:
            row = slots.block.rows[index]
            slots = slots.block.slots
            if slots is not None and slots.get(index) is not row:
                return False
    return True


def row_paths(block: RowBlock) -> list[Path | None]:
    """Return the path of each row. The paths of blocks above are made first, without recursion, and kept."""
    chain = [block]
    while chain[-1].paths is None and chain[-1].slots is not None:
        chain.append(chain[-1].slots.block)
    for each in reversed(chain):
        if each.paths is None:
            each.paths = [_path(each.slots, index) for index in range(len(each.rows))]
    assert block.paths is not None  # noqa: S101 - the chain starts with the block
    return block.paths


def _path(slots: Slots | None, index: int) -> Path | None:
    """Return the path of a row. The block above must have its paths already."""
    if slots is None:
        return None
    below: list[int] = []
    while not isinstance(slots, FieldSlots):
        if isinstance(slots, PickedSlots):
            index = slots.picks[index]
        else:
            index, position = slots.split(index)
            below.append(position)
        slots = slots.base
    path = field_path(slots.block, slots.field, index)
    for position in reversed(below):
        path = path.add_key(position)
    return path


def field_path(block: RowBlock, field: Field, row: int) -> Path:
    paths = block.paths if block.paths is not None else row_paths(block)
    return Path(paths[row], field.key, field.parent.name)
