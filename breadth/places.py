"""Where values belong in the answer: the rows of a level, and the places below them.

The answer grows from the top: a row is a dictionary with all of its keys, put in place before its fields are
resolved. A place that fails becomes null, or hands its failure to the place around it where null is not
allowed; what is written into something that has been cut off this way does no harm.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

if TYPE_CHECKING:
    from breadth.plan import Field, Scope

Row: TypeAlias = dict[str, Any]
Address: TypeAlias = tuple[int, ...]


class Step(NamedTuple):
    """A step of the way from a place up to the root. `order` is the key's place among its row's keys."""

    key: str | int
    typename: str | None
    order: int


class Frame:
    """The objects of one scope that were found together: `rows[i]` is what is written of `sources[i]`.

    `places` says where the rows are; it is None for the root.
    """

    __slots__ = ("infos", "paths", "places", "rows", "scope", "sources")

    def __init__(
        self, scope: "Scope", sources: Sequence[Any], rows: list[Row], places: "Places | None"
    ) -> None:
        self.scope = scope
        self.sources = sources
        self.rows = rows
        self.places = places
        self.paths: list[Path | None] | None = None
        self.infos: dict[tuple[int, int], GraphQLResolveInfo[Any]] = {}

    def some(self, picks: Sequence[int]) -> "Frame":
        """A frame of some of the rows, which are in their places already."""
        sources, rows = [self.sources[pick] for pick in picks], [self.rows[pick] for pick in picks]
        return Frame(self.scope, sources, rows, self.places and Some(self.places, picks))

    def is_attached(self, index: int) -> bool:
        """Whether a row still is part of the answer, if that is not null as a whole."""
        places = self.places
        return places is None or (places.get(index) is self.rows[index] and is_attached(places, index))


class Whole:
    """A field's values in all rows of a frame."""

    __slots__ = ("depth", "field", "frame")

    depth: int
    field: "Field"
    frame: Frame

    def __init__(self, frame: Frame, field: "Field") -> None:
        self.frame = frame
        self.field = field
        self.depth = 0

    def put(self, values: Sequence[Any]) -> None:
        key = self.field.key
        for row, value in zip(self.frame.rows, values, strict=True):
            row[key] = value

    def put_some(self, picks: Sequence[int], values: Sequence[Any]) -> None:
        key, rows = self.field.key, self.frame.rows
        for pick, value in zip(picks, values, strict=True):
            rows[pick][key] = value

    def put_one(self, index: int, value: Any) -> None:
        self.frame.rows[index][self.field.key] = value

    def get(self, index: int) -> Any:
        return self.frame.rows[index][self.field.key]


class Items:
    """The items of the lists that are at some places. Made, it puts lists of nulls there."""

    __slots__ = ("base", "depth", "field", "frame", "lists", "offsets")

    base: "Whole | Items | Some"
    depth: int
    field: "Field"
    frame: Frame

    def __init__(self, base: "Whole | Items | Some", lengths: Sequence[int]) -> None:
        self.base = base
        self.frame = base.frame
        self.field = base.field
        self.depth = base.depth + 1
        self.lists: list[list[Any]] = [[None] * length for length in lengths]
        self.offsets = list(accumulate(lengths, initial=0))
        base.put(self.lists)

    def split(self, index: int) -> tuple[int, int]:
        """Which list an item is in, and where in it."""
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
        which, place = self.split(index)
        self.lists[which][place] = value

    def get(self, index: int) -> Any:
        which, place = self.split(index)
        return self.lists[which][place]


class Some:
    """Some of the places of `base`, which are numbered anew. `picks` ascend."""

    __slots__ = ("base", "depth", "field", "frame", "picks")

    base: Whole | Items
    depth: int
    field: "Field"
    frame: Frame
    picks: Sequence[int]

    def __init__(self, base: "Places", picks: Sequence[int]) -> None:
        if isinstance(base, Some):
            self.base, self.picks = base.base, [base.picks[pick] for pick in picks]
        else:
            self.base, self.picks = base, picks
        self.frame = base.frame
        self.field = base.field
        self.depth = base.depth

    def put(self, values: Sequence[Any]) -> None:
        self.base.put_some(self.picks, values)

    def put_one(self, index: int, value: Any) -> None:
        self.base.put_one(self.picks[index], value)

    def get(self, index: int) -> Any:
        return self.base.get(self.picks[index])


Places: TypeAlias = Whole | Items | Some


def row_of(places: Places, index: int) -> int:
    """The index of the row, in the places' frame, that a place is below."""
    while not isinstance(places, Whole):
        index = places.picks[index] if isinstance(places, Some) else places.split(index)[0]
        places = places.base
    return index


def steps(places: Places | None, index: int) -> Iterator[Step]:
    """The steps from a place up to the root."""
    while places is not None:
        if isinstance(places, Some):
            index = places.picks[index]
            places = places.base
        elif isinstance(places, Items):
            index, place = places.split(index)
            yield Step(place, None, place)
            places = places.base
        else:
            field = places.field
            yield Step(field.key, field.parent.name, field.order)
            places = places.frame.places


def path_of(places: Places, index: int) -> list[str | int]:
    """The response path of a place."""
    return [step.key for step in steps(places, index)][::-1]


def address_of(places: Places | None, index: int) -> Address:
    """Where a place is, such that addresses sort as a depth-first execution comes by."""
    return tuple([step.order for step in steps(places, index)][::-1])


def cut_off(places: Places, index: int) -> Address:
    """Makes a failed place null, or the nearest place above that may be. Returns that place's address."""
    at: Places | None = places
    while at is not None:
        if isinstance(at, Some):
            index = at.picks[index]
            at = at.base
        if at.field.levels[at.depth].nullable:
            at.put_one(index, None)
            return address_of(at, index)
        if isinstance(at, Items):
            index = at.split(index)[0]
            at = at.base
        else:
            at = at.frame.places
    return ()


def is_attached(places: Places | None, index: int) -> bool:
    """Whether what is written at a place still is part of the answer, if that is not null as a whole."""
    while places is not None:
        if isinstance(places, Some):
            index = places.picks[index]
            places = places.base
        if isinstance(places, Items):
            index = places.split(index)[0]
            if places.base.get(index) is not places.lists[index]:
                return False
            places = places.base
        else:
            row = places.frame.rows[index]
            places = places.frame.places
            if places is not None and places.get(index) is not row:
                return False
    return True


def paths_of_rows(frame: Frame) -> list[Path | None]:
    """The path of each row, made once per frame. Frames above come first, without recursion."""
    chain = [frame]
    while chain[-1].paths is None and chain[-1].places is not None:
        chain.append(chain[-1].places.frame)
    for each in reversed(chain):
        if each.paths is None:
            each.paths = [_path(each.places, index) for index in range(len(each.rows))]
    assert frame.paths is not None  # noqa: S101 - the chain ends with it
    return frame.paths


def _path(places: Places | None, index: int) -> Path | None:
    """The path of a row whose frame's parent knows its paths."""
    if places is None:
        return None
    below: list[int] = []
    while not isinstance(places, Whole):
        if isinstance(places, Some):
            index = places.picks[index]
        else:
            index, place = places.split(index)
            below.append(place)
        places = places.base
    path = field_path(places.frame, places.field, index)
    for place in reversed(below):
        path = path.add_key(place)
    return path


def field_path(frame: Frame, field: "Field", row: int) -> Path:
    """The path of a field in a row of a frame that knows its paths."""
    paths = frame.paths if frame.paths is not None else paths_of_rows(frame)
    return Path(paths[row], field.key, field.parent.name)
