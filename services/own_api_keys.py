"""The viewer's own API keys: create, rotate and revoke them.

A key never grants more than it has itself. The scopes of a new key are among those of the calling key, and the new
key ends no later. A session grants its own scopes for any time, but only soon after its sign-in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.engine.writer import Writer
from db.language.scope import Scope
from db.models import ApiKey
from db.statements import api_key as stored
from db.statements import session as sessions
from services.accounts import api_key, api_keys
from services.accounts.api_keys import ApiKeyState, IssuedKey, state_of
from services.accounts.viewer import Viewer
from services.rules.timestamps import OUT_OF_RANGE, in_range
from services.rules.user_errors import InactiveViewerError, UserErrorCode, require, user_error
from services.rules.user_locks import hold_viewer
from services.rules.validation import Validation

LONGEST_NAME: Final = 200
MOST_WORKING: Final = 100
"""The most keys of a user that are neither revoked nor expired, for keys that are created through the API."""
USUAL_OVERLAP: Final = 86_400
LONGEST_OVERLAP: Final = 90 * 86_400
"""Seconds."""
SIGN_IN_AGAIN: Final = (
    "The sign-in of this session was more than an hour ago. Sign in again to create or rotate API keys."
)


@dataclass(frozen=True, slots=True)
class _Grant:
    """The most that the calling key or session can grant."""

    scopes: frozenset[str]
    expires_at: datetime | None
    credential: str = "API key"


async def create(
    writer: Writer, viewer: Viewer, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> IssuedKey:
    """Create a key of the viewer. Raise `UserErrors`, and `InactiveViewerError` for a credential that has ended."""
    cleaned = _checked(name, scopes)
    await hold_viewer(writer, viewer)
    grant = (await _grant(writer, viewer))[0]
    for index, scope in enumerate(scopes):
        _require_granted([scope], grant, "scopes", str(index))
    granted = api_key.granted(scopes)
    _require_granted(granted, grant, "scopes")
    ends = _end(expires_at, grant, writer.moment)
    await _require_few(writer, viewer)
    return await api_keys.issue(writer, viewer.user_id, cleaned, sorted(granted), expires_at=ends)


async def rotate(
    writer: Writer,
    viewer: Viewer,
    key_id: int,
    overlap_seconds: int = USUAL_OVERLAP,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Issue a key like an existing one of the viewer, which then works for the overlap only. Raise as `create`."""
    overlap = _overlap(overlap_seconds)
    await hold_viewer(writer, viewer)
    grant, keys = await _grant(writer, viewer, key_id)
    old = require(keys.get(key_id), "API key")
    state = state_of(old, writer.moment)
    if state is not ApiKeyState.ACTIVE:
        message = f"The API key is {state}. Create a new key."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "id", api_key=old)
    _require_granted(api_key.granted(old.scopes), grant, "id")
    ends = (
        _end(expires_at, grant, writer.moment) if expires_at else _earlier(old.expires_at, grant.expires_at)
    )
    await _require_few(writer, viewer)
    return await api_keys.rotate(writer, old, overlap, now=writer.moment, expires_at=ends)


async def revoke(writer: Writer, viewer: Viewer, key_id: int) -> ApiKey:
    """Let a key of the viewer stop working. A revoked key stays revoked. Raise `UserErrors` for an unknown key."""
    await hold_viewer(writer, viewer)
    revoked = await stored.end(writer, Scope(viewer.user_id), key_id, revoked_at=writer.moment)
    return require(revoked, "API key")


def _checked(name: str, scopes: Sequence[str]) -> str:
    """Return the cleaned name. Raise `UserErrors` with all errors."""
    validation = Validation({"name": name})
    validation.text("name", longest=LONGEST_NAME, empty=False)
    if not scopes:
        validation.add_error(UserErrorCode.REQUIRED, "Must name at least one scope.", "scopes")
    elif len(scopes) > len(api_key.SCOPES):
        message = f"Must have at most {len(api_key.SCOPES)} elements, but has {len(scopes)}."
        validation.add_error(UserErrorCode.TOO_MANY, message, "scopes")
    else:
        for index, scope in enumerate(scopes):
            if scope not in api_key.SCOPES:
                message = f"Unknown scope {scope[:50]!r}. The scopes are {', '.join(api_key.SCOPES)}."
                validation.add_error(UserErrorCode.INVALID, message, "scopes", str(index))
    return str(validation.cleaned()["name"])


def _overlap(seconds: int) -> timedelta:
    if not 0 <= seconds <= LONGEST_OVERLAP:
        message = f"Must be between 0 and {LONGEST_OVERLAP:,}."
        raise user_error(UserErrorCode.INVALID, message, "overlap_seconds")
    return timedelta(seconds=seconds)


async def _grant(writer: Writer, viewer: Viewer, *other_ids: int) -> tuple[_Grant, dict[int, ApiKey]]:
    """Return what the calling credential can grant, as the database has it now, and the other keys by ID.

    Raise `InactiveViewerError` if the credential has ended, which a server notices within seconds, and for a browser
    token, which must not create a lasting key. Raise `UserErrors` for a session whose sign-in was long ago.
    """
    if viewer.session_id is not None:
        grant = await _grant_of_session(writer, viewer, viewer.session_id)
        keys = await stored.lock(writer, Scope(viewer.user_id), other_ids) if other_ids else {}
        return grant, keys
    if viewer.key_id is None:
        raise InactiveViewerError(
            "A browser token cannot create or rotate API keys. Use an API key or a session."
        )
    keys = await stored.lock(writer, Scope(viewer.user_id), sorted({viewer.key_id, *other_ids}))
    calling = keys.get(viewer.key_id)
    if calling is None or state_of(calling, writer.moment) is not ApiKeyState.ACTIVE:
        raise InactiveViewerError("This API key no longer works. Use another key.")
    return _Grant(frozenset(viewer.scopes) & api_key.granted(calling.scopes), calling.expires_at), keys


async def _grant_of_session(writer: Writer, viewer: Viewer, session_id: int) -> _Grant:
    is_recent = await sessions.is_recent(writer, viewer.user_id, session_id)
    if is_recent is None:
        raise InactiveViewerError("This session has ended. Sign in again.")
    if not is_recent:
        raise user_error(UserErrorCode.SIGN_IN_REQUIRED, SIGN_IN_AGAIN)
    return _Grant(frozenset(viewer.scopes), None, "session")


def _require_granted(scopes: Iterable[str], grant: _Grant, *path: str) -> None:
    lacking = sorted(set(scopes) - grant.scopes)
    if lacking:
        message = f"This {grant.credential} lacks the scope `{lacking[0]}`, so it cannot grant the scope to another key."
        raise user_error(UserErrorCode.INVALID, message, *path)


def _end(expires_at: datetime | None, grant: _Grant, now: datetime) -> datetime | None:
    """Return the end of a new key, by default the end of the calling key. Raise `UserErrors`."""
    if expires_at is None:
        return grant.expires_at
    if not in_range(expires_at):
        raise user_error(UserErrorCode.INVALID, OUT_OF_RANGE, "expires_at")
    if expires_at <= now:
        raise user_error(UserErrorCode.INVALID, "Must be in the future.", "expires_at")
    if grant.expires_at is not None and expires_at > grant.expires_at:
        message = f"Must not be after {grant.expires_at.isoformat()}, when the calling API key expires."
        raise user_error(UserErrorCode.INVALID, message, "expires_at")
    return expires_at


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


async def _require_few(writer: Writer, viewer: Viewer) -> None:
    if await stored.count_working(writer, Scope(viewer.user_id)) >= MOST_WORKING:
        message = f"A user can have at most {MOST_WORKING} working API keys. Revoke a key first."
        raise user_error(UserErrorCode.TOO_MANY, message)
