from datetime import datetime

import strawberry

from resolvers.session import global_id
from schema.fields import column


@strawberry.type(description="A session of the viewer: a sign-in in a browser.")
class Session:
    session_id: strawberry.ID = column("Opaque ID of the session, for `revokeSession`.", of=global_id)
    address: str = column("IP address from which the user signed in.", of=lambda session: session.row.address)
    user_agent: str = column(
        "Name and version of the browser, as the browser gave them. Empty string if it gave none.",
        of=lambda session: session.row.user_agent,
    )
    created_at: datetime = column("Time of the sign-in.", of=lambda session: session.row.created_at)
    last_used_at: datetime = column(
        "Time of the last request, to the minute.", of=lambda session: session.row.last_used_at
    )
    expires_at: datetime = column(
        "Time when the session ends without further requests.", of=lambda session: session.row.expires_at
    )
    current: bool = column("Whether the session is that of this request.")
