"""Posts for the benchmark of ingest: the same for the same numbers, with the word frequencies of a language."""

import random
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from db.models import MentionKind, Platform
from db.statements.ingest import NewMention, NewPost

WORDS = 20_000
WORDS_PER_TITLE, WORDS_PER_TEXT = 9, 60
MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Posts:
    """A generator of new posts. Each contains one of the keywords."""

    def __init__(self, keywords: Sequence[tuple[int, str]]) -> None:
        self._keywords = keywords
        self._random = random.Random(1)  # noqa: S311 - the same in every run
        self._words = [self._word() for _ in range(WORDS)]
        self._weights = list(accumulate(1 / (place + 10) for place in range(WORDS)))  # Zipf's law
        self._made = 0

    def _word(self) -> str:
        return "".join(self._random.choices(_LETTERS, k=self._random.randint(2, 10)))

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=words))

    def make(self, number: int) -> list[NewMention]:
        return [self._mention() for _ in range(number)]

    def _mention(self) -> NewMention:
        self._made += 1
        keyword_id, word = self._keywords[self._made % len(self._keywords)]
        post = NewPost(
            Platform.REDDIT,
            f"bench-{self._made}",
            MentionKind.POST,
            f"https://reddit.example/r/posts/{self._made}",
            self._text(WORDS_PER_TITLE),
            f"{self._text(WORDS_PER_TEXT - 1)} {word}",
            f"author{self._made % 5000}",
            None,
            self._made % 200,
            self._made % 40,
            MOMENT,
        )
        return NewMention(keyword_id, post)


def as_item(mention: NewMention, *, keyword: bool = True) -> dict[str, Any]:
    """Return the post as an ingest row, without `keywordId` if the server must match it."""
    post = mention.post
    item = {
        "platform": post.platform.name,
        "externalId": post.external_id,
        "url": post.url,
        "title": post.title,
        "content": post.content,
        "author": post.author,
        "likes": post.likes,
        "comments": post.comments,
        "publishedAt": "2026-01-31T12:00:00Z",
    }
    if keyword:
        item["keywordId"] = b64encode(f"Keyword:{mention.keyword_id}".encode()).decode()
    return item
