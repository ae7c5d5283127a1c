"""Ingest by mutations and by streams with overlapping keywords and posts."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.soak.client import Client, LostError
from bench.soak.model import Model, Row

PLATFORMS = ("REDDIT", "X", "WEB")
MOST_IN_A_CALL, MOST_IN_A_STREAM, LONG_STREAM = 40, 150, 1500
LONG_STREAMS = 0.03
"""Share of streams that are longer than a batch."""
UNNAMED, WRONG = 0.2, 0.02
"""Shares of rows without a keyword, and of invalid rows."""

POSTS_AT_A_TIME = 100

Post = Mapping[str, Any]


class Ingest:
    """The ingest of one writer's own mentions. All writers choose from the same posts."""

    def __init__(self, client: Client, model: Model, person: Any, tokens: Iterator[str]) -> None:
        self._client = client
        self._choose = client.choose
        self._model = model
        self._owner: str = person.name
        self._tokens = tokens

    def _posts(self, number: int) -> list[Post]:
        return [self._post() for _ in range(number)]

    def _post(self) -> Post:
        """Return one of the newest posts, which other writers send as well."""
        newest = len(self._model.mentions) // 8 + POSTS_AT_A_TIME
        number = self._choose.randrange(newest - POSTS_AT_A_TIME, newest)
        post = {
            "platform": PLATFORMS[number % len(PLATFORMS)],
            "externalId": f"p{number}",
            "url": f"https://posts.example/{number}",
            "content": " ".join(f"word{self._choose.randrange(60)}" for _ in range(2)) + f" in post {number}",
        }
        if self._choose.random() < WRONG:
            post["url"] = "no address"
        keyword = self._model.pick(self._choose, "keywords", self._owner)
        if keyword is not None and self._choose.random() >= UNNAMED:
            post["keywordId"] = keyword.id
        integration = self._model.pick(self._choose, "integrations", self._owner)
        if integration is not None and self._choose.random() < UNNAMED:
            post["integrationId"] = integration.id
        return post

    async def call(self) -> None:
        posts = self._posts(self._choose.randint(1, MOST_IN_A_CALL))
        values = {"items": posts, "idempotencyKey": next(self._tokens)}
        selected = (
            "createdCount duplicateCount unmatchedCount failedCount results { outcome "
            "mentions { mentionId created keyword { id } } errors { code path } }"
        )
        outcome = await self._client.mutate("ingestMentions", values, selected)
        payload = outcome.answer
        if outcome.codes:
            self._model.say(f"ingestMentions was refused: {payload['userErrors']}")
            return
        for post, result in zip(posts, payload["results"], strict=True):
            mentions = [(one["mentionId"], one["keyword"], one["created"]) for one in result["mentions"]]
            self._record(post, result, [(i, k and k["id"], c) for i, k, c in mentions], outcome.ended)

    async def stream(self) -> None:
        """Send a stream, and repeat all of it after an interruption. Received results count in each case."""
        most = LONG_STREAM if self._choose.random() < LONG_STREAMS else MOST_IN_A_STREAM
        posts = self._posts(self._choose.randint(1, most))
        began, answered = time.monotonic(), False
        while not answered:
            lines: Sequence[dict[str, Any]]
            try:
                lines = await self._client.stream_once(posts)
                answered = True
            except LostError as problem:
                lines = problem.lines
                self._model.perhaps |= {
                    (self._owner, post["platform"], post["externalId"]) for post in posts[len(lines) :]
                }
                await self._client.wait(problem, began)
            for post, line in zip(posts, lines, strict=answered):
                self._record(post, line, _mentions_of(post, line), time.monotonic())
        self._client.tally.done["stream"] += 1

    def _record(
        self, post: Post, result: Post, mentions: Sequence[tuple[str, str | None, bool]], at: float
    ) -> None:
        """Record the result of a post in the model. A mention has its ID, its keyword, and whether it is new."""
        self._client.tally.rows[result["outcome"]] += 1
        codes = {error["code"] for error in result.get("errors", ())}
        named = post.get("keywordId")
        if "NOT_FOUND" in codes and not self._may_be_missing(post, at):
            self._model.say(f"A row did not find {named} or {post.get('integrationId')}: {result}")
        if (result["outcome"] == "FAILED") != bool(codes) or ("INVALID" in codes) != (post["url"][:1] == "n"):
            self._model.say(f"A row got the result {result}: {post}")
        for id_, keyword_id, created in mentions:
            known_by: str | None = keyword_id or named
            if known_by is None:
                continue  # deleted before the response
            # A keyword can be matched before its creator gets the response.
            keyword = self._model.add("keywords", Row(known_by, self._owner))
            identity = (keyword.id, post["platform"], post["externalId"])
            self._model.add_mention(identity, Row(id_, self._owner, keyword))
            if created:
                self._model.claim(identity)

    def _may_be_missing(self, post: Post, at: float) -> bool:
        rows = [
            self._model.keywords.get(post.get("keywordId", "")),
            self._model.integrations.get(post.get("integrationId", "")),
        ]
        return any(row is not None and row.may_be_gone(at) for row in rows)


def _mentions_of(post: Post, line: Post) -> list[tuple[str, str | None, bool]]:
    """Return the mentions in a line of a stream's response."""
    if "id" in line:
        return [(line["id"], post["keywordId"], line["outcome"] == "CREATED")]
    return [(one["id"], one["keywordId"], one["outcome"] == "CREATED") for one in line.get("mentions", ())]
