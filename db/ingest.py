"""Taking mentions in: many rows in one statement, once each, however often they come."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    false,
    func,
    select,
    true,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.selectable import CTE

from db.models import Integration, Keyword, KeywordStatus, Mention, MentionKind, Platform, User, UserStatus
from db.pool import Reader
from db.queries.rows import table_of
from db.scope import EVERYBODY, PARAMETER, Scope, visible
from db.statement import IdsAsText, statement
from db.writer import Writer

_USERS, _KEYWORDS, _INTEGRATIONS = table_of(User), table_of(Keyword), table_of(Integration)
_MENTIONS = table_of(Mention)


Identity: TypeAlias = tuple[int, str, str]


class NewPost(NamedTuple):
    """What somebody published. Its fields are the columns of mentions, in the order in which they are sent."""

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
    """A post, and the keyword that it mentions: together with the user a row of mentions."""

    keyword_id: int
    post: NewPost

    @property
    def identity(self) -> Identity:
        """What tells one mention from another: the same post of the same keyword is the same mention."""
        return self.keyword_id, self.post.platform, self.post.external_id


class Taken(NamedTuple):
    """The row that a new mention has become; `created` is false where it was there before."""

    id: int
    created: bool


CHARACTERS_PER_STATEMENT = 4_000_000
_IDENTITY = ("keyword_id", "platform", "external_id")
_MATCHED = ("id", "keyword", "match_type", "required_terms", "excluded_terms", "platforms")
_GIVEN = ("keyword_id", *NewPost._fields)


@statement
def _user_by_email() -> Select[Any]:
    return select(_USERS.c.id).where(
        func.lower(_USERS.c.email) == func.lower(bindparam("email", type_=Text)),
        _USERS.c.status == UserStatus.ACTIVE,
    )


async def user_by_email(reader: Reader, email: str) -> int | None:
    """The id of the active user with the address, whatever its case; None where there is none."""
    found = await reader.fetch_values(_user_by_email(), EVERYBODY, email=email)
    return found[0]["id"] if found else None


@statement
def _active_keywords() -> Select[Any]:
    return (
        select(*(_KEYWORDS.c[name] for name in _MATCHED))
        .where(visible(Keyword, everybody=False), _KEYWORDS.c.status == KeywordStatus.ACTIVE)
        .order_by(_KEYWORDS.c.id)
    )


async def active_keywords(reader: Reader | Writer, user_id: int) -> list[Keyword]:
    """The user's keywords that are looked for, in id order, with what matching needs of them."""
    return await reader.fetch(Keyword, _active_keywords(), Scope(user_id))


@statement
def _lock_user() -> Select[Any]:
    return select(_USERS.c.status).where(visible(User, everybody=False)).with_for_update(key_share=True)


async def lock_user(writer: Writer, user_id: int) -> UserStatus | None:
    """Locks the user, as every writer of the user's rows does first, and says in what state the user is; None
    where there is none.

    Leaves `data_version` alone, which would otherwise end every cache of the user with every batch.
    """
    found = await writer.fetch_values(_lock_user(), Scope(user_id))
    return UserStatus(found[0]["status"]) if found else None


def _among(name: str) -> Any:
    return any_(cast_to(bindparam(name, type_=IdsAsText), ARRAY(BigInteger)))


@statement
def _lock_keywords() -> Select[Any]:
    return (
        select(_KEYWORDS.c.id, _KEYWORDS.c.status)
        .where(visible(Keyword, everybody=False), _KEYWORDS.c.id == _among("keyword_ids"))
        .order_by(_KEYWORDS.c.id)
        .with_for_update(key_share=True)
    )


async def lock_keywords(writer: Writer, user_id: int, keyword_ids: Sequence[int]) -> dict[int, KeywordStatus]:
    """The state of those keywords that are the user's. They stay as they are until the transaction ends."""
    found = await writer.fetch_values(_lock_keywords(), Scope(user_id), keyword_ids=keyword_ids)
    return {row["id"]: KeywordStatus(row["status"]) for row in found}


@statement
def _own_integrations() -> Select[Any]:
    return select(_INTEGRATIONS.c.id).where(
        visible(Integration, everybody=False), _INTEGRATIONS.c.id == _among("integration_ids")
    )


async def own_integrations(writer: Writer, user_id: int, integration_ids: Sequence[int]) -> set[int]:
    """Those of the integrations that are the user's."""
    if not integration_ids:
        return set()
    sent = _own_integrations()
    found = await writer.fetch_values(sent, Scope(user_id), integration_ids=integration_ids)
    return {row["id"] for row in found}


@statement
def _take_in() -> CompoundSelect[Any]:
    """What is there already is found first, so that nothing is computed for it. The rows are told by their
    identities, not joined to what was given: PostgreSQL takes an array for ten rows and joins accordingly.
    """
    given = _given().cte("given")
    same = and_(*(given.c[name] == _MENTIONS.c[name] for name in _IDENTITY))
    known = select(given.c.position, _MENTIONS.c.id, *_identity(given)).join(_MENTIONS, same).cte("known")
    fresh = select(bindparam(PARAMETER, type_=BigInteger), *(given.c[name] for name in _GIVEN))
    fresh = fresh.where(given.c.position.not_in(select(known.c.position))).order_by(given.c.position)
    added = (
        insert(_MENTIONS)
        .from_select(["user_id", *_GIVEN], fresh)
        .on_conflict_do_nothing(index_elements=_IDENTITY)
        .returning(_MENTIONS.c.id, *_identity(_MENTIONS))
        .cte("added")
    )
    return select(true().label("created"), added.c.id, *_identity(added)).union_all(
        select(false(), known.c.id, *_identity(known))
    )


def _identity(rows: CTE | Table) -> list[ColumnElement[Any]]:
    return [rows.c[name] for name in _IDENTITY]


def _given() -> Select[Any]:
    columns = [_MENTIONS.c[name] for name in _GIVEN]
    arrays = [bindparam(column.name, type_=ARRAY(column.type)) for column in columns]
    rows = func.unnest(*arrays).table_valued(*_GIVEN, with_ordinality="position", name="row")
    return select(rows.render_derived())


async def insert_mentions(writer: Writer, user_id: int, mentions: Sequence[NewMention]) -> list[Taken]:
    """Takes in mentions of keywords that are locked; gives the row of each, in order. Counters follow by trigger.

    The first of equal mentions is created, unless it was there before.
    """
    identities = [mention.identity for mention in mentions]
    missing: dict[Identity, NewMention] = {}
    for identity, mention in zip(identities, mentions, strict=True):
        missing.setdefault(identity, mention)
    taken: dict[Identity, Taken] = {}
    while missing:
        for part in _parts(list(missing.values())):
            taken |= await _take(writer, user_id, part)
        # What was neither added nor known has been added by another at this moment: now it is known.
        missing = {identity: mention for identity, mention in missing.items() if identity not in taken}
    if len(taken) == len(identities):
        return [taken[identity] for identity in identities]
    return [_told_once(taken, identity) for identity in identities]


def _parts(mentions: Sequence[NewMention]) -> Iterator[Sequence[NewMention]]:
    """All of them at once, unless that would be more text than one statement should have."""
    first = characters = 0
    for place, mention in enumerate(mentions):
        characters += len(mention.post.content)
        if characters > CHARACTERS_PER_STATEMENT and place > first:
            yield mentions[first:place]
            first, characters = place, len(mention.post.content)
    yield mentions[first:]


async def _take(writer: Writer, user_id: int, mentions: Sequence[NewMention]) -> dict[Identity, Taken]:
    keyword_ids, posts = zip(*mentions, strict=True)
    columns = dict(zip(_GIVEN, (keyword_ids, *zip(*posts, strict=True)), strict=True))
    found = await writer.fetch_values(_take_in(), Scope(user_id), **columns)
    return {tuple(identity): Taken(id_, created) for created, id_, *identity in found}


def _told_once(taken: dict[Identity, Taken], identity: Identity) -> Taken:
    """The row; whoever asks for it again hears that it was there before."""
    found = taken[identity]
    if found.created:
        taken[identity] = Taken(found.id, created=False)
    return found
