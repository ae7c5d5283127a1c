"""Turn a file's rows into posts. The columns of each field are found for each row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypeVar

from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from services.importing import own_export, parse_values
from services.importing.addresses import address_of, full_address
from services.importing.names import KEYWORD, PARENT, THREAD, Column, ColumnOptions, Plan, plain, plan_of
from services.importing.own_export import IdReader
from services.importing.parse_lines import FileRow, RejectedRow
from services.importing.parse_values import UnusableValueError, shown
from services.importing.usage import Usage
from services.ingest import values
from services.ingest.row_errors import InvalidValueError
from services.rules.validation import too_long

_MOST_PLANS = 500
_MOST_CACHED_COLUMNS = 500
_DEEPEST = 8
_SHOWN_COLUMNS = 30
_LIST_FIELDS = frozenset({"author", "language"})

Value = TypeVar("Value")


class LongTexts(StrEnum):
    CUT = "cut"
    REJECT = "reject"


class PostRow(NamedTuple):
    """A post, and the number of its first line in the file, counted from 1.

    `keyword_id` is the keyword of the mention that an export of this product contains.
    """

    line: int
    post: NewPost
    keyword_id: int | None = None


class PostBuilder:
    """Builds the posts of a file, and counts the columns and values that it used."""

    def __init__(
        self,
        platform: Platform,
        options: ColumnOptions,
        long_texts: LongTexts,
        read_date: Callable[[object], datetime],
        read_id: IdReader,
    ) -> None:
        self.usage = Usage()
        self.platform = platform
        self._options = options
        self.long_texts = long_texts
        self.read_date = read_date
        self.read_id = read_id
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan_of_object(self, row: Mapping[str, Any]) -> Plan:
        """Return the plan of a flat JSON object. Objects with the same names share it."""
        names = tuple(row)
        plan = self._plans.get(names)
        if plan is None:
            plan = plan_of([Column(name, name) for name in names], self._options)
            self.usage.saw(names)
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            if len(names) <= _MOST_CACHED_COLUMNS:
                self._plans[names] = plan
        return plan

    def build(self, row: FileRow, plan: Plan, *, is_csv: bool) -> PostRow | RejectedRow:
        try:
            return _Row(self, row, plan, is_csv=is_csv).post()
        except UnusableValueError as unusable:
            return RejectedRow(row.line, str(unusable), row.values)


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object with the values of inner objects too, under names such as `user.screen_name`.

    The first object of a list counts as an inner object.
    """
    found: dict[str, Any] = {}
    _flatten(row, "", found, 0)
    return found


def _flatten(row: Mapping[str, Any], before: str, found: dict[str, Any], depth: int) -> None:
    for name, value in row.items():
        path = before + name
        found[path] = value
        inner = value[0] if type(value) is list and value else value
        if type(inner) is dict and depth < _DEEPEST:
            _flatten(inner, path + ".", found, depth + 1)


class _Row:
    """A row while it becomes a post."""

    def __init__(self, builder: PostBuilder, row: FileRow, plan: Plan, *, is_csv: bool) -> None:
        self._builder = builder
        self._line = row.line
        self._values = row.values
        self._plan = plan
        self._is_csv = is_csv
        self._is_own = False
        self._keyword: int | None = None
        self._used: list[tuple[str, str]] = []
        self._lost: dict[str, str] = {}

    def post(self) -> PostRow:
        builder = self._builder
        self._recognize_export()
        external_id = self._required_id()
        platform = self._first("platform", parse_values.platform) or builder.platform
        title = self._first("title", parse_values.long_text)
        content = self._first("content", parse_values.long_text) or title
        if not content:
            problem = self._lost.get("content") or self._lost.get("title")
            raise UnusableValueError(
                problem or self._lacks("text", "content", "content: Required, unless there is a title.")
            )
        thread = self._first(THREAD, parse_values.identifier) or ""
        url = self._first("url", partial(full_address, platform=platform))
        url = url or address_of(external_id, thread, platform)
        if not url:
            raise UnusableValueError(f"url: Required for posts of {platform}.")
        post = NewPost(
            platform,
            external_id,
            self._kind(),
            url,
            self._cut("title", title, reject=False) if title else None,
            self._cut("content", content, reject=builder.long_texts == LongTexts.REJECT),
            self._first("author", partial(parse_values.text, longest=values.LONGEST["author"])) or "",
            self._first("language", parse_values.language),
            self._first("likes", parse_values.count),
            self._first("comments", parse_values.count),
            self._published(),
        )
        builder.usage.used.update(self._used)
        for field, problem in self._lost.items():
            builder.usage.lost(field, self._line, problem)
        return PostRow(self._line, post, self._keyword)

    def _recognize_export(self) -> None:
        """Find out whether the row is one of an export of mentions. Raises `UnusableValueError` for other exports."""
        self._keyword = self._keyword_id()
        self._is_own = self._keyword is not None
        for column in self._plan.of("id"):
            if plain(column.name) == "id":
                model = own_export.model_of(self._values[column.key], self._builder.read_id)
                if model is None:
                    break
                names = frozenset(
                    column.name for field in ("id", "platform") for column in self._plan.of(field)
                )
                reason = own_export.refusal(model, names)
                if reason is not None:
                    raise UnusableValueError(reason)
                self._is_own = True

    def _required_id(self) -> str:
        for column, value in self._present("id"):
            if isinstance(value, dict | list):
                continue  # its inner columns follow
            try:
                found = self._own_id(value) if self._is_own else parse_values.identifier(value)
            except InvalidValueError as invalid:
                raise UnusableValueError(f"{column.name} {shown(value)}: {invalid}") from invalid
            self._used.append(("id", column.name))
            return found
        raise UnusableValueError(self._lacks("id", "id", "id: Required."))

    def _own_id(self, value: Any) -> str:
        """Return the ID as this product stored it, whatever a spreadsheet would make of it."""
        return parse_values.text(value, values.LONGEST["externalId"])

    def _lacks(self, name: str, field: str, message: str) -> str:
        """Return the message, and the row's columns if none of them can be the field."""
        if self._plan.of(field) or self._is_csv or not self._values:
            return message
        names = [shown(column) for column in self._values]
        more = ", …" if len(names) > _SHOWN_COLUMNS else ""
        return (
            f"{message} Name its column with --column {name}=NAME; "
            f"the row has {', '.join(names[:_SHOWN_COLUMNS])}{more}."
        )

    def _present(self, field: str) -> "list[tuple[Column, Any]]":
        """Return the columns of a field that have a value in this row."""
        found = []
        for column in self._plan.of(field):
            value = self._values[column.key]
            if value is None or value == "":
                continue
            if isinstance(value, list) and field != "content":
                value = _element(value, field)
            if isinstance(value, str):
                value = (
                    own_export.without_escape(value.strip())
                    if self._is_own and self._is_csv
                    else value.strip()
                )
            if value not in (None, "", []):
                found.append((column, value))
        return found

    def _first(self, field: str, read: Callable[[Any], Value | None]) -> Value | None:
        """Return the first value of an optional field that can be read. If none can, count the first as lost."""
        problem: str | None = None
        for column, value in self._present(field):
            try:
                found = read(value)
            except InvalidValueError as invalid:
                problem = problem or f"{column.name} {shown(value)}: {invalid}"
                continue
            self._used.append((field, column.name))
            return found
        if problem is not None and field != THREAD:
            self._lost[field] = problem
        return None

    def _published(self) -> datetime | None:
        if self._is_own:
            plan = [
                column
                for column in self._plan.of("published")
                if column.name not in own_export.TIMES_OF_INGEST
            ]
            self._plan = Plan({**self._plan.columns, "published": plan})
        return self._first("published", self._builder.read_date)

    def _cut(self, field: str, written: str, *, reject: bool) -> str:
        longest = values.LONGEST[field]
        if len(written) <= longest:
            return written
        if reject:
            raise UnusableValueError(f"{field} {shown(written)}: {too_long(longest, len(written))}")
        self._builder.usage.cut[field] += 1
        return parse_values.cut(written, longest)

    def _kind(self) -> MentionKind:
        for column, value in self._present("kind"):
            kind = parse_values.kind(value)
            if kind is not None:
                self._used.append(("kind", column.name))
                return kind
        content = next((name for field, name in self._used if field == "content"), "")
        if "comment" in plain(content):
            self._used.append(("kind", content))
            return MentionKind.COMMENT
        parent = next(iter(self._present(PARENT)), None)
        if parent is None:
            return MentionKind.POST
        name = parent[0].name
        self._used.append(("kind", name))
        return MentionKind.REPLY if "reply" in plain(name) else MentionKind.COMMENT

    def _keyword_id(self) -> int | None:
        for column, value in self._present(KEYWORD):
            keyword_id = own_export.keyword_id(value, self._builder.read_id)
            if keyword_id is not None:
                self._used.append((KEYWORD, column.name))
                return keyword_id
        return None


def _element(value: Sequence[Any], field: str) -> Any:
    """Return the element of a list that can stand for it, or the list."""
    return value[0] if len(value) == 1 or (field in _LIST_FIELDS and value) else value
