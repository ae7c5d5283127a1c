from datetime import datetime

import strawberry

from resolvers import session as resolve
from schema.fields import column
from schema.lazy_types import UserRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.user_error import Payload, Refusable
from services.accounts.vault import Secret
from services.browsers import browser_tokens, passwords

_SHORTEST, _LONGEST = (
    int(each.total_seconds()) for each in (browser_tokens.SHORTEST, browser_tokens.LONGEST)
)


@strawberry.input(description="Input for signing in.")
class SignInInput:
    email: str = required("E-mail address of the user, in any case.")
    password: Secret = required("Password of the user.")


@strawberry.input(description="Input for signing out.")
class SignOutInput:
    everywhere: bool | None = optional("Whether all sessions of the viewer end. Defaults to false.")


@strawberry.input(description="Input for ending a session of the viewer.")
class RevokeSessionInput:
    session_id: strawberry.ID = required("ID of the session, from `sessions`.")


@strawberry.input(description="Input for changing the password of the viewer.")
class ChangePasswordInput:
    current_password: Secret = required("Current password of the viewer.")
    new_password: Secret = required(
        f"New password of the viewer, {passwords.SHORTEST} to {passwords.LONGEST} characters."
    )


@strawberry.input(description="Input for creating a browser token.")
class CreateBrowserTokenInput:
    scopes: list[str] = required("Scopes of the token. Each must be a scope of the API key.")
    expires_in: int | None = optional(
        f"Seconds until the token expires, {_SHORTEST} to {_LONGEST:,}. Defaults to "
        f"{browser_tokens.USUAL.total_seconds():.0f}."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of signing in.")
class SignInPayload(Refusable):
    viewer: UserRef | None = column("The user who has signed in. Null if the sign-in was refused.")


@strawberry.type(description="Result of signing out.")
class SignOutPayload(Refusable):
    ended_count: int = column("Number of sessions that ended.")


@strawberry.type(description="Result of ending a session.")
class RevokeSessionPayload(Refusable):
    ended_count: int = column("Number of sessions that ended, 1 or 0.")


@strawberry.type(description="Result of changing the password.")
class ChangePasswordPayload(Refusable):
    viewer: UserRef | None = column("The viewer. Null if the change was refused.")


@strawberry.type(description="Result of creating a browser token.")
class CreateBrowserTokenPayload(Payload):
    token: str | None = column(
        "The token, for the header `Authorization: Bearer <token>`. The token is shown once. Null if nothing was written, "
        "and in a replayed payload."
    )
    expires_at: datetime | None = column("Time when the token expires. Null if `token` is null.")


@strawberry.type
class SessionMutation:
    """Fields of the mutation root."""

    sign_in: SignInPayload | None = writes(
        resolve.sign_in,
        SignInInput,
        "Signs a user in by password, and sets the cookie of a new session. Requires no credential, if the operation has no "
        "other fields. A session has all scopes of its user except for `bulk:read`, also within the payload.",
        scope=None,
    )
    sign_out: SignOutPayload | None = writes(
        resolve.sign_out,
        SignOutInput,
        "Ends the session of the request and deletes its cookie. Requires a session.",
        scope=None,
    )
    revoke_session: RevokeSessionPayload | None = writes(
        resolve.revoke_session,
        RevokeSessionInput,
        "Ends a session of the viewer. Other servers notice within five seconds. Requires a session.",
        scope=None,
    )
    change_password: ChangePasswordPayload | None = writes(
        resolve.change_password,
        ChangePasswordInput,
        "Changes the password of the viewer. All other sessions end, and this one gets a new cookie. Requires a session.",
        scope=None,
    )
    create_browser_token: CreateBrowserTokenPayload | None = writes(
        resolve.create_browser_token,
        CreateBrowserTokenInput,
        "Creates a short-lived token with some scopes of the API key, for a browser of those who have a sign-in of their "
        "own. The token stops working within five seconds after its key was revoked or its user suspended. Requires an "
        "API key.",
        scope=None,
    )
