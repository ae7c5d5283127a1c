"""Asking a server that may die at any moment: again, until it answers."""

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
    """The server did not say whether it has done it. `lines` are those that it had said of a stream."""

    def __init__(self, reason: str, lines: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(reason)
        self.lines = lines


class WrongAnswerError(Exception):
    """The server said what it should never say."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer: when it was first asked for, when it came, and how often nothing came before."""

    answer: Any
    began: float
    ended: float
    lost: int = 0

    @property
    def codes(self) -> list[str]:
        """The user errors of a mutation."""
        return [error["code"] for error in self.answer["userErrors"]]


@dataclass(slots=True)
class BucketSums:
    """What all clients count together."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    """Requests whose fate was not told, by what was seen instead."""
    rows: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    """Answers to readers whose figures were compared."""
    figures: int = 0


class Client:
    """One connection of one user."""

    def __init__(self, origin: str, key: str, choose: Random, tally: BucketSums) -> None:
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
        """The answer's data. Raises `LostError` and `WrongAnswerError`."""
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
        """The data of a query, which is sent until it is answered. `began` is when it was sent last."""
        since, lost = time.monotonic(), 0
        while True:
            began = time.monotonic()
            try:
                return Outcome(await self.ask_once(document, variables), began, time.monotonic(), lost)
            except LostError as problem:
                lost += 1
                await self.wait(problem, since)

    async def mutate(self, name: str, given: Mapping[str, object], selected: str) -> Outcome:
        """The payload of a mutation, which is sent until it is answered."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation Soak_{name}($input: {type_}!) "
            f"{{ result: {name}(input: $input) {{ {selected} userErrors {{ code message }} }} }}"
        )
        began, lost = time.monotonic(), 0
        while True:
            try:
                answer = (await self.ask_once(document, {"input": given}))["result"]
            except LostError as problem:
                lost += 1
                await self.wait(problem, began)
                continue
            outcome = Outcome(answer, began, time.monotonic(), lost)
            if "IN_FLIGHT" not in outcome.codes:
                self._count(name, outcome)
                return outcome
            if not lost:
                raise WrongAnswerError(f"{name} is in flight, and was never sent before: {given}")
            await asyncio.sleep(0.05)

    def _count(self, name: str, outcome: Outcome) -> None:
        self.tally.done[name] += 1
        for code in outcome.codes:
            self.tally.refused[f"{name} {code}"] += 1

    async def wait(self, problem: LostError, began: float) -> None:
        """Before the next try. Raises `WrongAnswerError` where there have been enough."""
        self.tally.lost[str(problem)] += 1
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise WrongAnswerError(f"No answer for {PATIENCE_SECONDS} seconds: {problem}")
        await asyncio.sleep(self.choose.uniform(0.02, 0.3))

    async def stream_once(self, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """What was answered of each row. Raises `LostError` with what was answered before it broke off."""
        lines: list[dict[str, Any]] = []
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        headers = {"content-type": "application/x-ndjson"}
        try:
            async with self._http.stream(
                "POST", "/ingest/mentions", content=content, headers=headers
            ) as response:
                async for line in response.aiter_lines():
                    lines.append(_content(line))  # noqa: PERF401 - those that came before it broke off are kept
        except httpx.TransportError as problem:
            raise LostError(type(problem).__name__, lines) from problem
        results = [line for line in lines if "line" in line]
        last = lines[-1] if lines else {}
        if "UNAVAILABLE" in [code for line in lines[-2:] for code in _codes(line)]:
            raise LostError("UNAVAILABLE", results)
        if not last.get("summary", {}).get("complete"):
            raise WrongAnswerError(f"A stream was answered {lines[-2:]}")
        return results


def _content(text: str) -> dict[str, Any]:
    """What was answered; as an error, where it is no JSON."""
    try:
        content: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"errors": [{"message": text, "extensions": {"code": "NO_JSON"}}]}
    return content


def _codes(content: Mapping[str, Any]) -> list[str]:
    """The codes of an answer's errors, or of the line that says how a stream ended."""
    codes = [error["extensions"]["code"] for error in content.get("errors") or () if "extensions" in error]
    return [*codes, content["error"]["code"]] if "error" in content else codes
