"""A client of a running server, for commands that check one."""

import json
import os
import re
import urllib.error
import urllib.request
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from server.runtime.errors import CommandError

SECONDS = 30
_COUNT: Final = re.compile(r'^leadgraph_operation_seconds_count\{.*outcome="(\w+)".*\} (\S+)$', re.MULTILINE)
_FAILURES: Final = {"failed", "unavailable"}


class ErrorRate(NamedTuple):
    """Operations of a server since its start, and those that failed because of the server or its database."""

    failed: int
    operations: int


class _Answer(NamedTuple):
    status: int
    body: bytes


class ApiClient:
    """Sends requests to one server. Raises `CommandError` for an invalid origin."""

    def __init__(self, origin: str, api_key: str | None) -> None:
        if urlsplit(origin).scheme not in {"http", "https"} or not urlsplit(origin).hostname:
            raise CommandError("--server must be an origin, such as http://127.0.0.1:8000.")
        self._origin = origin.rstrip("/")
        self._api_key = api_key

    @property
    def has_key(self) -> bool:
        return self._api_key is not None

    def readiness_problem(self) -> str | None:
        """Return why the server is not ready, or None if it is."""
        answer = self._send("/readyz")
        return None if answer.status == 200 else f"/readyz: {_shown(answer)}"  # noqa: PLR2004 - OK

    def problem(self, name: str, document: str) -> str | None:
        """Run an operation, and return what went wrong, or None."""
        body = json.dumps({"query": document}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._api_key}"}
        answer = self._send("/graphql", body, headers)
        content = _json(answer.body)
        errors = content.get("errors") if isinstance(content, dict) else None
        if answer.status == 200 and isinstance(content, dict) and not errors:  # noqa: PLR2004 - OK
            return None
        return f"{name}: {errors[0]['message'] if errors else _shown(answer)}"

    def error_rate(self) -> ErrorRate | None:
        """Return the operations that the server counted, or None if it does not show its metrics here."""
        token = os.environ.get("LEADGRAPH_METRICS_TOKEN")
        answer = self._send("/metrics", headers={"authorization": f"Bearer {token}"} if token else {})
        if answer.status != 200:  # noqa: PLR2004 - OK
            return None
        counts = [(outcome, float(count)) for outcome, count in _COUNT.findall(answer.body.decode())]
        failed = sum(count for outcome, count in counts if outcome in _FAILURES)
        return ErrorRate(round(failed), round(sum(count for _, count in counts)))

    def _send(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> _Answer:
        request = urllib.request.Request(self._origin + path, body, headers or {})  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310 - as above
                return _Answer(response.status, response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return _Answer(refused.code, refused.read())
        except OSError as failure:
            reason = getattr(failure, "reason", failure)
            raise CommandError(f"{self._origin} does not answer ({reason}): start the server.") from failure


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _shown(answer: _Answer) -> str:
    return f"status {answer.status}: {answer.body[:200].decode(errors='replace')}"
