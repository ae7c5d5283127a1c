"""Sign-in, sessions and tokens of browsers."""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from db.engine.writer import Writer
from db.models import User
from db.statements import session as stored
from db.statements.session import ShownSession
from loaders.rows import RowById
from loaders.sessions import SessionsByUser
from resolvers.framework.context import Context
from resolvers.framework.errors import ForbiddenError, UserInputError
from resolvers.framework.global_id import encode
from resolvers.framework.mutation import mutation, takes, unkeyed_mutation
from resolvers.framework.payload import Payload
from resolvers.framework.requires import requires
from services.browsers import browser_tokens
from services.rules.user_errors import not_found

TYPENAME: Final = "Session"
_LARGEST_ID: Final = 2**63 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the viewer. `current` tells the one of the request."""

    row: ShownSession
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPayload(Payload):
    """The user of a new session."""

    viewer: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPayload(Payload):
    """The number of sessions that a mutation has ended."""

    ended_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserTokenPayload(Payload):
    """A new token, which is shown once."""

    token: str | None = None
    expires_at: datetime | None = None

    def stored(self) -> dict[str, Any]:
        """Return nothing: the token is not stored, so that a repeated call returns none."""
        return {}


@requires()
async def sessions(parents: Sequence[None], context: Context) -> Sequence[Sequence[Session]]:
    """Return the sessions of the viewer once for all parents. A viewer without a session sees none of them."""
    current, user_id = context.viewer.session_id, context.viewer.user_id
    if current is None:
        return [[]] * len(parents)
    (rows,) = await context.load_granted(SessionsByUser(), [user_id])
    return [[Session(row, row.id == current) for row in rows]] * len(parents)


def _require_session(context: Context) -> int:
    """Return the ID of the session. Raise `ForbiddenError` for other credentials."""
    session_id = context.viewer.session_id
    if session_id is None:
        raise ForbiddenError("This requires a session. Sign in with `signIn`, and send its cookie.")
    return session_id


@takes(6, keyed=False)
@unkeyed_mutation(SignInPayload, requires_viewer=False)
async def sign_in(context: Context, request: Any) -> SignInPayload:
    exchange = context.exchange
    if exchange.refusal is not None:
        raise ForbiddenError(exchange.refusal)
    signed = await context.sign_ins.sign_in(
        context.write, request.email, request.password.reveal(), exchange.client
    )
    exchange.new_session, exchange.new_device = signed.session, signed.new_device
    exchange.ended_for = signed.viewer.user_id
    context.become(signed.viewer)
    return SignInPayload(viewer=await context.load_one(RowById(User), signed.viewer.user_id))


@takes(1, keyed=False)
@unkeyed_mutation(SessionsPayload)
async def sign_out(context: Context, request: Any) -> SessionsPayload:
    session_id, user_id = _require_session(context), context.viewer.user_id

    async def work(writer: Writer) -> int:
        if request.everywhere is True:
            return await stored.end_all(writer, user_id)
        return int(await stored.end(writer, user_id, session_id))

    ended = await context.write(work)
    context.exchange.ends_session, context.exchange.ended_for = True, user_id
    return SessionsPayload(ended_count=ended)


@takes(1, keyed=False)
@unkeyed_mutation(SessionsPayload)
async def revoke_session(context: Context, request: Any) -> SessionsPayload:
    current, user_id = _require_session(context), context.viewer.user_id
    session_id = row_id_of(request.session_id)
    if not await context.write(lambda writer: stored.end(writer, user_id, session_id)):
        raise not_found("session", "session_id")
    context.exchange.ended_for = user_id
    context.exchange.ends_session = session_id == current
    return SessionsPayload(ended_count=1)


@takes(5, keyed=False)
@unkeyed_mutation(SignInPayload)
async def change_password(context: Context, request: Any) -> SignInPayload:
    _require_session(context)
    exchange, viewer = context.exchange, context.viewer
    exchange.new_session = await context.sign_ins.change_password(
        context.write,
        viewer,
        request.current_password.reveal(),
        request.new_password.reveal(),
        exchange.client,
    )
    exchange.ended_for = viewer.user_id
    return SignInPayload(viewer=await context.load_one(RowById(User), viewer.user_id))


@takes(1)
@mutation(None, BrowserTokenPayload)
async def create_browser_token(writer: Writer, context: Context, request: Any) -> BrowserTokenPayload:
    key_id = context.viewer.key_id
    if key_id is None:
        raise ForbiddenError(
            "A browser token requires an API key. A session or a browser token cannot create one."
        )
    lifetime = (
        timedelta(seconds=request.expires_in) if isinstance(request.expires_in, int) else browser_tokens.USUAL
    )
    new = await browser_tokens.create(writer, context.viewer, key_id, request.scopes, lifetime)
    return BrowserTokenPayload(token=new.token, expires_at=new.expires_at)


def global_id(session: Session) -> str:
    """Return the opaque ID of a session."""
    return encode(TYPENAME, session.row.id)


def row_id_of(text: str) -> int:
    """Return the ID of a session. Raise `UserInputError` for another text."""
    try:
        digits = b64decode(text, validate=True).decode("ascii").removeprefix(f"{TYPENAME}:")
    except ValueError:
        digits = ""
    number = int(digits) if _DIGITS.fullmatch(digits) else 0
    if not 0 < number <= _LARGEST_ID or encode(TYPENAME, number) != text:
        raise UserInputError(f"{text[:100]!r} is not the ID of a session.")
    return number
