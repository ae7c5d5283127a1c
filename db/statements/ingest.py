"""Ingest of mentions: insert many rows at once, skipping duplicates."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Select, and_, any_, bindparam, case, func, select
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.selectable import TableValuedAlias

from db.engine.reader import Reader
from db.engine.statement_cache import IdsAsText, statement
from db.engine.steps import Steps
from db.engine.writer import Writer
from db.language.moment import TIMESTAMPS
from db.language.scope import Scope, visible
from db.models import Integration, Keyword, KeywordStatus, Mention, MentionKind, Platform, User, UserStatus
from db.models.base import table_of
from db.statements.user import take_moment
from text.lexemes import vector

_USERS, _KEYWORDS, _INTEGRATIONS = table_of(User), table_of(Keyword), table_of(Integration)
_MENTIONS = table_of(Mention)


Identity: TypeAlias = tuple[int, str, str]


class NewPost(NamedTuple):
    """A published post. The fields are columns of `mentions`, in the order of COPY."""

    platform: Platform
    external_id: str
    kind: MentionKind
    url: str
    title: str | None
    content: str
    author: str
    language: str | None
    likes: int | None
    comments: int | None
    published_at: datetime | None
    integration_id: int | None = None


class NewMention(NamedTuple):
    """A post and the keyword that it mentions. With the user, this makes a row of `mentions`."""

    keyword_id: int
    post: NewPost

    @property
    def identity(self) -> Identity:
        """The unique key of a mention: keyword, platform and external ID of the post."""
        return self.keyword_id, self.post.platform, self.post.external_id


class StoredMention(NamedTuple):
    """The row of an ingested mention. `created` is False for a duplicate."""

    id: int
    created: bool


class LockedKeyword(NamedTuple):
    """A keyword that no other transaction changes until this one ends."""

    status: KeywordStatus
    auto_lead_score: int | None


_IDENTITY = ("keyword_id", "platform", "external_id")
_MATCHED = ("id", "keyword", "match_type", "required_terms", "excluded_terms", "platforms")
_COPIED = ("id", *TIMESTAMPS, "user_id", "keyword_id", *NewPost._fields, "search")


@statement
def _active_keywords() -> Select[Any]:
    return (
        select(*(_KEYWORDS.c[name] for name in _MATCHED))
        .where(visible(Keyword, everybody=False), _KEYWORDS.c.status == KeywordStatus.ACTIVE)
        .order_by(_KEYWORDS.c.id)
    )


async def active_keywords(reader: Reader | Writer, user_id: int) -> list[Keyword]:
    """Return the user's active keywords in ID order, with the columns that matching reads."""
    return await reader.fetch(Keyword, _active_keywords(), Scope(user_id))


@statement
def _lock_user() -> ReturningUpdate[Any]:
    return take_moment(visible(User, everybody=False)).returning(_USERS.c.status, _USERS.c.last_write_at)


async def lock_user(writer: Writer, user_id: int) -> UserStatus | None:
    """Lock the user, as each writer of the user's rows must do first.

    Return the status, or None for a missing user. The writer gets the moment of the transaction.

    `data_version` stays the same. Otherwise each batch would expire all cached figures of the user.
    """
    found = await writer.fetch_values(_lock_user(), Scope(user_id))
    writer.note_lock(row["last_write_at"] for row in found)
    return UserStatus(found[0]["status"]) if found else None


def _among(name: str) -> Any:
    return any_(cast_to(bindparam(name, type_=IdsAsText), ARRAY(BigInteger)))


@statement
def _lock_keywords() -> Select[Any]:
    return (
        select(_KEYWORDS.c.id, _KEYWORDS.c.status, _KEYWORDS.c.auto_lead_score)
        .where(visible(Keyword, everybody=False), _KEYWORDS.c.id == _among("keyword_ids"))
        .order_by(_KEYWORDS.c.id)
        .with_for_update(key_share=True)
    )


async def lock_keywords(writer: Writer, user_id: int, keyword_ids: Sequence[int]) -> dict[int, LockedKeyword]:
    """Lock the user's keywords among the IDs until the transaction ends, and return them by ID."""
    found = await writer.fetch_values(_lock_keywords(), Scope(user_id), keyword_ids=keyword_ids)
    return {id_: LockedKeyword(KeywordStatus(status), score) for id_, status, score in found}


@statement
def _own_integrations() -> Select[Any]:
    return select(_INTEGRATIONS.c.id).where(
        visible(Integration, everybody=False), _INTEGRATIONS.c.id == _among("integration_ids")
    )


async def own_integrations(writer: Writer, user_id: int, integration_ids: Sequence[int]) -> set[int]:
    """Return the user's integrations among the IDs."""
    if not integration_ids:
        return set()
    sent = _own_integrations()
    found = await writer.fetch_values(sent, Scope(user_id), integration_ids=integration_ids)
    return {row["id"] for row in found}


def _identity_rows() -> TableValuedAlias:
    """Return the identities as rows with positions."""
    arrays = [bindparam(name, type_=ARRAY(_MENTIONS.c[name].type)) for name in _IDENTITY]
    rows = func.unnest(*arrays).table_valued(*_IDENTITY, with_ordinality="position", name="given")
    return rows.render_derived()


def _matches(identities: TableValuedAlias) -> ColumnElement[bool]:
    same = (identities.c[name] == _MENTIONS.c[name] for name in _IDENTITY)
    return and_(*same, visible(Mention, everybody=False))


def _columns(identities: Iterable[Identity]) -> dict[str, Sequence[object]]:
    return dict(zip(_IDENTITY, zip(*identities, strict=True), strict=True))


@statement
def _find_mentions() -> Select[Any]:
    identities = _identity_rows()
    return select(identities.c.position, _MENTIONS.c.id).join_from(
        identities, _MENTIONS, _matches(identities)
    )


async def find_mentions(reader: Reader, user_id: int, identities: Sequence[Identity]) -> dict[Identity, int]:
    """Return the IDs of the user's existing mentions, by identity."""
    if not identities:
        return {}
    found = await reader.fetch_values(_find_mentions(), Scope(user_id), **_columns(identities))
    return {identities[position - 1]: id_ for position, id_ in found}


@statement
def _find_or_number() -> Select[Any]:
    """Select the IDs of existing mentions, and reserve IDs for new ones."""
    identities = _identity_rows()
    sequence = select(cast_to(func.pg_get_serial_sequence("mentions", "id"), REGCLASS)).scalar_subquery()
    new_id = case((_MENTIONS.c.id.is_(None), func.nextval(sequence)))
    return select(identities.c.position, _MENTIONS.c.id, new_id.label("new_id")).select_from(
        identities.outerjoin(_MENTIONS, _matches(identities))
    )


async def insert_mentions(
    writer: Writer, user_id: int, mentions: Sequence[NewMention], steps: Steps
) -> list[StoredMention]:
    """Insert the mentions, whose keywords are locked, in short steps. Return the row of each mention, in order.

    Existing mentions, and repetitions within `mentions`, are returned as duplicates. Triggers update the
    counters. Raise `RetryError` if a writer that did not lock the user inserts one of the mentions
    concurrently.
    """
    if not mentions:
        return []
    first: dict[Identity, NewMention] = {}
    identities = [mention.identity for mention in mentions]
    for identity, mention in zip(identities, mentions, strict=True):
        first.setdefault(identity, mention)
    stored = await _find_or_insert(writer, user_id, first, steps)
    if len(first) == len(mentions):
        return list(stored.values())
    return [_created_once(stored, identity) for identity in identities]


async def _find_or_insert(
    writer: Writer, user_id: int, mentions: Mapping[Identity, NewMention], steps: Steps
) -> dict[Identity, StoredMention]:
    if steps.are_due():
        await steps.next()
    found = await writer.fetch_values(_find_or_number(), Scope(user_id), **_columns(mentions))
    if steps.are_due():
        await steps.next()
    ids: list[int | None] = [None] * len(mentions)
    for position, id_, _ in found:
        ids[position - 1] = id_
    new_ids = iter(sorted(new_id for _, _, new_id in found if new_id is not None))  # in the order of the rows
    stored = [
        StoredMention(next(new_ids), created=True) if id_ is None else StoredMention(id_, created=False)
        for id_ in ids
    ]
    new = [
        (id_, mention) for (id_, created), mention in zip(stored, mentions.values(), strict=True) if created
    ]
    if new:
        vectors = await _vectors((mention.post for _, mention in new), steps)
        await writer.copy(_MENTIONS, _COPIED, _rows(new, (writer.moment, user_id), vectors, steps))
    return dict(zip(mentions, stored, strict=True))


Vectors: TypeAlias = dict[tuple[str | None, str], bytes]


async def _vectors(posts: Iterable[NewPost], steps: Steps) -> Vectors:
    """Return the lexemes of the posts by title and content. A post with several keywords has them once."""
    vectors: Vectors = {}
    for text in {(post.title, post.content) for post in posts}:
        if steps.are_due():
            await steps.next()
        vectors[text] = vector(*text)
    return vectors


async def _rows(
    mentions: Iterable[tuple[int, NewMention]], common: tuple[datetime, int], vectors: Vectors, steps: Steps
) -> AsyncIterator[tuple[object, ...]]:
    """Yield the rows of new mentions, by ID. All have the moment and the user in common."""
    moment, user_id = common
    moments = (moment,) * len(TIMESTAMPS)
    for id_, mention in mentions:
        if steps.are_due():
            await steps.next()
        post = mention.post
        yield id_, *moments, user_id, mention.keyword_id, *post, vectors[post.title, post.content]


def _created_once(stored: dict[Identity, StoredMention], identity: Identity) -> StoredMention:
    """Return the mention. Mark it as a duplicate for the next call."""
    found = stored[identity]
    if found.created:
        stored[identity] = StoredMention(found.id, created=False)
    return found
