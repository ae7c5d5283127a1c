"""Sign in by password, change the password, and end sessions."""

import logging
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, Protocol, TypeAlias, TypeVar

from db.engine.pool import Pool
from db.engine.writer import Work, Writer, in_transaction
from db.models import UserStatus
from db.statements import session as stored
from db.statements.session import Account
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer
from services.browsers import passwords
from services.browsers.passwords import BusyError, Passwords
from services.browsers.sign_in_limits import Attempt, SignInLimits, network_of
from services.browsers.tokens import digest, new_token
from services.rules.user_errors import UserErrorCode, not_found, user_error
from services.rules.validation import UNSTORABLE, is_storable, too_long

Result = TypeVar("Result")
Outcome: TypeAlias = Literal["succeeded", "wrong", "inactive", "limited", "busy"]
"""The outcome of a check of a password. Limited and busy ones cost no hash."""

logger = logging.getLogger("leadgraph")

LONGEST_EMAIL: Final = 254
_LONGEST_ADDRESS: Final = 100
_LONGEST_USER_AGENT: Final = 300
_SECONDS_OF_MINUTE: Final = 60

WRONG: Final = "The e-mail address or the password is wrong."
BUSY: Final = "Too many people sign in at the moment. Retry in a few seconds."
INACTIVE: Final = "The user is not active. Ask an operator to activate the user."


class Transaction(Protocol):
    """Runs work in a transaction, such as `Context.write`."""

    def __call__(self, work: Work[Result]) -> Awaitable[Result]: ...


@dataclass(frozen=True, slots=True)
class Client:
    """A browser, or another client, that signs in. `device` and `session` are the tokens of its cookies."""

    address: str = ""
    user_agent: str = ""
    device: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session, with the tokens for the browser. A known device keeps its token."""

    viewer: Viewer
    session: str
    new_device: str | None


class SignIns:
    """Verifies passwords, within the limits of failed attempts. `outcomes` counts the checks."""

    def __init__(self, passwords: Passwords | None = None, limits: SignInLimits | None = None) -> None:
        self._passwords = passwords or Passwords()
        self._limits = limits or SignInLimits()
        self.outcomes: Counter[Outcome] = Counter()

    def close(self) -> None:
        self._passwords.close()

    async def sign_in(self, write: Transaction, email: str, password: str, client: Client) -> SignedIn:
        """Open a session. Raise `UserErrors` for a wrong address or password, and for too many attempts.

        The session that the browser already has ends. No connection is held while the password is verified.
        """
        if not is_storable(email) or len(email) > LONGEST_EMAIL:
            email = ""
        digests = _digests(client)
        account = await write(lambda writer: stored.account(writer, email, list(digests.values())))
        attempt = _attempt(email, client, account, digests)
        verified = await self._verified(attempt, account, password)
        renewed = await self._renewed(attempt, verified, password)
        return await write(lambda writer: _opened(writer, verified, renewed, client, digests))

    async def change_password(
        self, write: Transaction, viewer: Viewer, current: str, new: str, client: Client
    ) -> str:
        """Replace the password, end all other sessions of the user, and return the new token of this session.

        Raise `UserErrors` for a wrong password, an invalid new one, and for too many attempts.
        """
        require_valid(new, "new_password")
        account = await write(lambda writer: stored.account_of_user(writer, viewer.user_id))
        device = f"session {viewer.session_id}"
        attempt = Attempt(f"user {viewer.user_id}", network_of(client.address), device)
        verified = await self._verified(attempt, account, current, "current_password")
        hash_ = await self._hashed(attempt, new)
        token = new_token()

        async def work(writer: Writer) -> str:
            assert viewer.session_id is not None  # noqa: S101 - the caller requires a session
            if not await stored.change_password(writer, viewer.user_id, verified.hash or "", hash_):
                _refuse_wrong("current_password")
            if not await stored.replace_token(writer, viewer.session_id, digest(token)):
                raise not_found("session")
            await stored.end_all(writer, viewer.user_id, kept=viewer.session_id)
            return token

        return await write(work)

    async def _verified(
        self, attempt: Attempt, account: Account | None, password: str, *path: str
    ) -> Account:
        """Return the account if the password is right and its user is active. Raise `UserErrors`."""
        wait = self._limits.wait(attempt)
        if wait:
            minutes = -(-wait // _SECONDS_OF_MINUTE)
            self._note("limited", attempt, account)
            message = f"Too many failed attempts. Retry in {minutes} minute{'s' if minutes > 1 else ''}."
            raise user_error(UserErrorCode.TOO_MANY_ATTEMPTS, message, *path)
        hash_ = None if account is None else account.hash
        try:
            is_right = await self._passwords.verified(
                hash_, password, attempt.network, known=attempt.is_known
            )
        except BusyError as busy:
            self._note("busy", attempt, account)
            raise user_error(UserErrorCode.TOO_MANY_ATTEMPTS, BUSY, *path) from busy
        if account is None or not is_right:
            self._limits.note_failure(attempt)
            self._note("wrong", attempt, account)
            _refuse_wrong(*path)
        self._limits.forgive(attempt)
        if account.status != UserStatus.ACTIVE:
            self._note("inactive", attempt, account)
            raise user_error(UserErrorCode.WRONG_CREDENTIALS, INACTIVE)
        self._note("succeeded", attempt, account)
        return account

    def _note(self, outcome: Outcome, attempt: Attempt, account: Account | None) -> None:
        """Count the outcome, and log a failure.

        The line has no address of e-mail: people mistype it, and some type their password there.
        """
        self.outcomes[outcome] += 1
        if outcome != "succeeded":
            fields = {
                "outcome": outcome,
                "user_id": None if account is None else account.user_id,
                "network": attempt.network,
                "known": attempt.is_known,
            }
            logger.info("password refused", extra=fields)

    async def _renewed(self, attempt: Attempt, account: Account, password: str) -> str | None:
        """Return a hash with the present parameters, or None if the stored one has them or the server is busy."""
        if not passwords.is_outdated(account.hash or ""):
            return None
        with suppress(BusyError):
            return await self._passwords.hashed(password, attempt.network, known=attempt.is_known)
        return None

    async def _hashed(self, attempt: Attempt, password: str) -> str:
        try:
            return await self._passwords.hashed(password, attempt.network, known=attempt.is_known)
        except BusyError as busy:
            raise user_error(UserErrorCode.TOO_MANY_ATTEMPTS, BUSY) from busy


def _refuse_wrong(*path: str) -> NoReturn:
    message = "The password is wrong." if path else WRONG
    raise user_error(UserErrorCode.WRONG_CREDENTIALS, message, *path)


def _digests(client: Client) -> dict[str, bytes]:
    """Return the digests of the client's device and network, by which an account knows them."""
    network = digest(f"network {network_of(client.address)}")
    return (
        {"network": network}
        if client.device is None
        else {"network": network, "device": digest(client.device)}
    )


def _attempt(email: str, client: Client, account: Account | None, digests: dict[str, bytes]) -> Attempt:
    known = [] if account is None else account.known
    device = client.device if digests.get("device") in known else None
    return Attempt(email.lower(), network_of(client.address), device, digests["network"] in known)


async def _opened(
    writer: Writer, account: Account, renewed: str | None, client: Client, digests: dict[str, bytes]
) -> SignedIn:
    """Open the session, note the device and the network, and replace the hash by the renewed one."""
    hash_ = account.hash or ""
    if renewed is not None and await stored.change_password(writer, account.user_id, hash_, renewed):
        hash_ = renewed
    is_known = digests.get("device") in account.known
    new_device = None if is_known else new_token()
    if new_device is not None:
        digests = {**digests, "device": digest(new_device)}
    if client.session is not None:
        await stored.end_by_token(writer, digest(client.session))
    token = new_token()
    session_id = await stored.open_session(
        writer,
        account.user_id,
        hash_,
        digest(token),
        *_shortened(client),
    )
    if session_id is None:
        _refuse_wrong()
    await stored.note_devices(writer, account.user_id, list(digests.values()))
    viewer = Viewer(account.user_id, account.role, ALL_SCOPES, session_id=session_id)
    return SignedIn(viewer, token, new_device)


def _shortened(client: Client) -> tuple[str, str]:
    """Return the address and the user agent of a client, as long as a session stores them."""
    return client.address[:_LONGEST_ADDRESS], client.user_agent[:_LONGEST_USER_AGENT]


def require_valid(password: str, *path: str) -> None:
    """Raise `UserErrors` for a new password that is too short or too long."""
    if len(password) > passwords.LONGEST:
        raise user_error(UserErrorCode.TOO_LONG, too_long(passwords.LONGEST, len(password)), *path)
    if len(password) < passwords.SHORTEST:
        message = f"Must have at least {passwords.SHORTEST} characters, but has {len(password)}."
        raise user_error(UserErrorCode.INVALID, message, *path)
    if not is_storable(password):
        raise user_error(UserErrorCode.INVALID, UNSTORABLE, *path)


async def set_password(pool: Pool, user_id: int, password: str) -> int:
    """Set the password of a user, end all sessions, and return their number. Raise `UserErrors`."""
    require_valid(password)
    hash_ = passwords.hash_of(password)

    async def work(writer: Writer) -> int:
        await stored.set_password(writer, user_id, hash_)
        return await stored.end_all(writer, user_id)

    return await in_transaction(pool, work)


async def end_sessions(pool: Pool, user_id: int) -> int:
    """End all sessions of a user, and return their number."""
    return await in_transaction(pool, lambda writer: stored.end_all(writer, user_id))


async def open_demo_session(pool: Pool, user_id: int, client: Client) -> str | None:
    """Open a session without a password, and return its token. Only a demo calls this, on loopback."""
    token = new_token()
    opened = await in_transaction(
        pool,
        lambda writer: stored.open_demo_session(writer, user_id, digest(token), *_shortened(client)),
    )
    return token if opened else None
