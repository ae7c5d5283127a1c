"""Ingest of mentions by a mutation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from db.engine.writer import Writer
from db.language.scope import Scope
from db.models import Base, Keyword, Mention
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import mutation, takes, values_of
from resolvers.framework.names import public
from resolvers.framework.payload import Payload
from resolvers.framework.relation import parent, written
from services.accounts.api_key import WRITE_MENTIONS
from services.ingest import write as service
from services.ingest.pre_analysis import NO_PRE_ANALYSES, PreAnalyses, pre_analyze
from services.ingest.row import Row, row_of
from services.ingest.row_errors import IngestErrorCode, RowError
from services.ingest.write import ErrorPolicy, IngestedMention, IngestOutcome, RowResult
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.bulk_limits import require_size

MOST_AT_ONCE = 1000
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class ItemError:
    """An error in an item. `path` leads from the mutation's argument to the wrong value."""

    code: IngestErrorCode
    message: str
    path: Sequence[str]


@dataclass(frozen=True, slots=True)
class ItemResult:
    outcome: IngestOutcome
    mentions: Sequence[IngestedMention]
    errors: Sequence[ItemError]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestPayload(Payload):
    """The result of each row, in the order of the items."""

    rows: Sequence[RowResult] = ()

    @property
    def results(self) -> list[ItemResult]:
        return [
            ItemResult(outcome, mentions, [_item_error(error, place) for error in errors])
            for place, (outcome, mentions, errors) in enumerate(self.rows)
        ]

    def count(self, outcome: IngestOutcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    def stored(self) -> dict[str, Any]:
        return {
            "rows": [
                (outcome, list(map(tuple, mentions)), list(map(tuple, errors)))
                for outcome, mentions, errors in self.rows
            ]
        }

    @classmethod
    async def restored(cls, _writer: Writer, _scope: Scope, stored: Mapping[str, Any]) -> Self:
        return cls(replayed=True, rows=[_restored(*row) for row in stored["rows"]])


def _restored(outcome: str, mentions: list[Any], errors: list[Any]) -> RowResult:
    return RowResult(
        IngestOutcome(outcome),
        [IngestedMention(*mention) for mention in mentions],
        [RowError(IngestErrorCode(code), message, field) for code, message, field in errors],
    )


def _item_error(error: RowError, place: int) -> ItemError:
    field = () if error.field is None else (error.field,)
    return ItemError(error.code, error.message, ("input", "items", str(place), *field))


mention = written(Mention, "id")
keyword = parent(Keyword, "keyword_id")


@dataclass(frozen=True, slots=True)
class _Ready:
    """The values that are read and computed before any lock is taken."""

    matcher: KeywordMatcher
    rows: Sequence[Row]
    on_error: ErrorPolicy
    found: PreAnalyses


async def _ready(context: Context, request: Any) -> _Ready:
    require_size(len(request.items), most=MOST_AT_ONCE, field="items")
    matcher = KeywordMatcher(context.viewer.user_id)
    rows = [row_of(_given(item), read_id) for item in request.items]
    found = (
        await pre_analyze(context.dataloaders, matcher, rows) if request.analyze is True else NO_PRE_ANALYSES
    )
    return _Ready(matcher, rows, request.on_error or ErrorPolicy.REJECT_FAILED_ROWS, found)


@takes(12)
@mutation(WRITE_MENTIONS, IngestPayload, prepare=_ready)
async def ingest_mentions(writer: Writer, _: Context, ready: _Ready) -> IngestPayload:
    taken = await service.ingest_rows(writer, ready.matcher, ready.rows, ready.on_error, ready.found)
    return IngestPayload(rows=taken)


def _given(item: Any) -> dict[str, Any]:
    """Return the fields that the client gave, by their names in the API."""
    return {public(name): value for name, value in values_of(item).items()}


def read_id(text: str, model: type[Base]) -> int | None:
    """Return the row's id from a global id, or None if the text is not a global id of the model."""
    return _read_id(text, model) if len(text) <= _LONGEST_ID else None


@lru_cache(maxsize=10_000)  # the rows of a stream name the same few keywords over and over
def _read_id(text: str, model: type[Base]) -> int | None:
    try:
        return row_id(text, model)
    except UserInputError:
        return None
