"""Access to the schema: introspection, suggestions in errors, and `/schema.graphql`."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from resolvers.framework.errors import CallerError
from server.http import protocol
from server.http.auth import Authenticator
from server.runtime.settings import Introspection
from services.accounts.viewer import Viewer

_SUGGESTION: Final = re.compile(r"\s*\bDid you mean .*\Z", re.DOTALL)


class SchemaAccess:
    """The setting LEADGRAPH_INTROSPECTION: everybody, callers with a credential, or no caller may read the schema."""

    def __init__(self, mode: Introspection = "public") -> None:
        self.mode: Introspection = mode

    def shows(self, viewer: Viewer | None) -> bool:
        """Return whether the viewer may read the schema."""
        return self.mode == "public" or (self.mode == "authenticated" and viewer is not None)

    def limited(
        self, respond: Callable[[Request], Awaitable[Response]], authenticator: Authenticator
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a route of the schema that refuses other callers."""

        async def guarded(request: Request) -> Response:
            request_id, headers = protocol.request_id(request)
            try:
                if self.mode == "authenticated":
                    await authenticator.required_viewer(request)
            except (CallerError, protocol.RequestError) as refusal:
                return protocol.refusal(refusal, request_id, headers)
            response = await respond(request)
            if self.mode == "authenticated":
                response.headers["cache-control"] = "private, no-cache"
            return response

        return guarded


def without_suggestions(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of an answer whose errors name nothing of the schema that the document does not name."""
    if "errors" not in content:
        return content
    errors = [
        error | {"message": _SUGGESTION.sub("", error["message"]) or "The document is invalid."}
        for error in content["errors"]
    ]
    return content | {"errors": errors}
