"""A client that repeats requests until the server responds."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

PATIENCE_SECONDS = 120
TIMEOUT_SECONDS = 60


class LostError(Exception):
    """The response is missing, so the outcome is unknown. `lines` are the received lines of a stream."""

    def __init__(self, reason: str, lines: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(reason)
        self.lines = lines


class WrongAnswerError(Exception):
    """A response that the server must never send."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response, with the times of the first request and of the response, and the number of lost requests."""

    answer: Any
    began: float
    ended: float
    lost: int = 0

    @property
    def codes(self) -> list[str]:
        """Return the codes of a mutation's user errors."""
        return [error["code"] for error in self.answer["userErrors"]]


@dataclass(slots=True)
class Tally:
    """The counts of all clients together."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    """Requests with an unknown outcome, by the observed error."""
    rows: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    """Responses to readers whose figures were compared."""
    figures: int = 0


class Client:
    """One connection of one user."""

    def __init__(self, origin: str, key: str, choose: Random, tally: Tally) -> None:
        self.choose = choose
        self.tally = tally
        self._http = httpx.AsyncClient(
            base_url=origin,
            headers={"authorization": f"Bearer {key}"},
            limits=httpx.Limits(max_connections=1),
            timeout=TIMEOUT_SECONDS,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ask_once(self, document: str, variables: Mapping[str, object]) -> Any:
        """Return the data of a response. Raise `LostError` or `WrongAnswerError`."""
        body = {"query": document, "variables": variables}
        try:
            response = await self._http.post("/graphql", json=body)
        except httpx.TransportError as problem:
            raise LostError(type(problem).__name__) from problem
        content = _content(response.text)
        if "UNAVAILABLE" in _codes(content):
            raise LostError("UNAVAILABLE")
        if "data" not in content or "errors" in content:
            raise WrongAnswerError(f"{document} with {variables}: {response.status_code} {content}")
        return content["data"]

    async def ask(self, document: str, **variables: object) -> Outcome:
        """Repeat a query until the server responds. `began` of the outcome is the time of the last request."""
        since, lost = time.monotonic(), 0
        while True:
            began = time.monotonic()
            try:
                return Outcome(await self.ask_once(document, variables), began, time.monotonic(), lost)
            except LostError as problem:
                lost += 1
                await self.wait(problem, since)

    async def mutate(self, name: str, values: Mapping[str, object], selected: str) -> Outcome:
        """Repeat a mutation until the server responds, and return its payload."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation Soak_{name}($input: {type_}!) "
            f"{{ result: {name}(input: $input) {{ {selected} userErrors {{ code message }} }} }}"
        )
        began, lost = time.monotonic(), 0
        while True:
            try:
                answer = (await self.ask_once(document, {"input": values}))["result"]
            except LostError as problem:
                lost += 1
                await self.wait(problem, began)
                continue
            outcome = Outcome(answer, began, time.monotonic(), lost)
            if "IN_FLIGHT" not in outcome.codes:
                self._count(name, outcome)
                return outcome
            if not lost:
                raise WrongAnswerError(f"{name} got IN_FLIGHT at the first request: {values}")
            await asyncio.sleep(0.05)

    def _count(self, name: str, outcome: Outcome) -> None:
        self.tally.done[name] += 1
        for code in outcome.codes:
            self.tally.refused[f"{name} {code}"] += 1

    async def wait(self, problem: LostError, began: float) -> None:
        """Wait before the next request. Raise `WrongAnswerError` after `PATIENCE_SECONDS`."""
        self.tally.lost[str(problem)] += 1
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise WrongAnswerError(f"No response for {PATIENCE_SECONDS} seconds: {problem}")
        await asyncio.sleep(self.choose.uniform(0.02, 0.3))

    async def stream_once(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """Send a stream, and return the lines of its rows. Raise `LostError` with the lines received before it."""
        lines: list[dict[str, Any]] = []
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        headers = {"content-type": "application/x-ndjson"}
        try:
            async with self._http.stream(
                "POST", "/ingest/mentions", content=content, headers=headers
            ) as response:
                async for line in response.aiter_lines():
                    lines.append(_content(line))  # noqa: PERF401 - keeps the lines before an interruption
        except httpx.TransportError as problem:
            raise LostError(type(problem).__name__, lines) from problem
        results = [line for line in lines if "line" in line]
        last = lines[-1] if lines else {}
        if "UNAVAILABLE" in [code for line in lines[-2:] for code in _codes(line)]:
            raise LostError("UNAVAILABLE", results)
        if not last.get("summary", {}).get("complete"):
            raise WrongAnswerError(f"A stream got the response {lines[-2:]}")
        return results


def _content(text: str) -> dict[str, Any]:
    """Return the content of a response, or an error for invalid JSON."""
    try:
        content: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"errors": [{"message": text, "extensions": {"code": "NO_JSON"}}]}
    return content


def _codes(content: Mapping[str, Any]) -> list[str]:
    """Return the error codes of a response or of the last line of a stream."""
    codes = [error["extensions"]["code"] for error in content.get("errors") or () if "extensions" in error]
    return [*codes, content["error"]["code"]] if "error" in content else codes
