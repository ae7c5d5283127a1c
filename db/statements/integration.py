"""Integrations: connect an account, and read and replace encrypted credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, Text, Update, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import BYTEA, insert
from sqlalchemy.sql.dml import ReturningInsert

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import TIMESTAMPS, moment
from db.language.scope import EVERYBODY
from db.language.shape import columns
from db.models import Integration, IntegrationStatus
from db.models.base import table_of
from db.statements.parameters import new_parameters, new_values

_INTEGRATIONS = table_of(Integration)
_IDENTITY = ("user_id", "provider", "external_account_id")


@statement
def _connect_integration(names: tuple[str, ...]) -> ReturningInsert[Any]:
    values = {**new_parameters(_INTEGRATIONS, names), "status": IntegrationStatus.ACTIVE}
    new = insert(_INTEGRATIONS).values(**values, **{name: moment() for name in TIMESTAMPS})
    replaced = {name: new.excluded[name] for name in values if name not in _IDENTITY}
    return new.on_conflict_do_update(
        index_elements=_IDENTITY,
        set_={**replaced, "consecutive_failures": 0, "updated_at": moment(), "resumed_at": moment()},
        where=_INTEGRATIONS.c.status == IntegrationStatus.DISCONNECTED,
    ).returning(*columns(Integration))


async def connect_integration(writer: Writer, values: Mapping[str, object]) -> Integration | None:
    """Insert the integration, or reactivate the account's disconnected one.

    Return None if it is connected.
    """
    sent = _connect_integration(tuple(sorted(values)))
    return await writer.fetch_one(Integration, sent, EVERYBODY, **new_values(values))


@dataclass(frozen=True, slots=True)
class SealedCredentials:
    """Encrypted credentials, and the account to which the encryption binds them."""

    integration_id: int
    user_id: int
    provider: str
    external_account_id: str
    key_id: str
    token: bytes


@statement
def _credentials_sealed_by_others() -> Select[Any]:
    return (
        select(
            _INTEGRATIONS.c.id.label("integration_id"),
            *(_INTEGRATIONS.c[name] for name in _IDENTITY),
            _INTEGRATIONS.c.credentials_key_id.label("key_id"),
            _INTEGRATIONS.c.credentials.label("token"),
        )
        .where(_INTEGRATIONS.c.credentials_key_id != bindparam("key_id", type_=Text))
        .order_by(_INTEGRATIONS.c.id)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(key_share=True)
    )


async def sealed_by_others(writer: Writer, key_id: str, most: int) -> list[SealedCredentials]:
    """Lock and return up to `most` credentials that are encrypted with another key."""
    sent = _credentials_sealed_by_others()
    found = await writer.fetch_values(sent, EVERYBODY, key_id=key_id, most=most)
    return [SealedCredentials(**dict(row)) for row in found]


@statement
def _keys_of_credentials() -> Select[Any]:
    key_id = _INTEGRATIONS.c.credentials_key_id
    return select(key_id.label("key_id"), func.count().label("n")).where(key_id.is_not(None)).group_by(key_id)


async def keys_of_credentials(reader: Reader) -> dict[str, int]:
    """Return the number of credentials encrypted with each key, by key ID."""
    found = await reader.fetch_values(_keys_of_credentials(), EVERYBODY)
    return {row["key_id"]: row["n"] for row in found}


@statement
def _seal_credentials() -> Update:
    return (
        update(_INTEGRATIONS)
        .where(_INTEGRATIONS.c.id == bindparam("integration_id", type_=BigInteger))
        .values(
            credentials_key_id=bindparam("key_id", type_=Text), credentials=bindparam("token", type_=BYTEA)
        )
    )


async def seal(writer: Writer, integration_id: int, key_id: str, token: bytes) -> None:
    sent = _seal_credentials()
    await writer.fetch_values(sent, EVERYBODY, integration_id=integration_id, key_id=key_id, token=token)
