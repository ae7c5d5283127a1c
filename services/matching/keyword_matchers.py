"""Matchers of a user's keywords, reused across batches."""

from collections.abc import Sequence

from db.engine.reader import Reader
from db.engine.writer import Writer
from db.models import Keyword
from db.statements.ingest import NewPost, active_keywords
from services.matching.matcher import PHRASE_BREAK, Matcher
from text.normal_form import normalized


class KeywordMatcher:
    """Matches posts against a user's active keywords. It recompiles its matcher only after a keyword changed."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.keywords: Sequence[Keyword] = ()
        self._matcher = Matcher(())

    async def refresh(self, reader: Reader | Writer) -> None:
        self.update(await active_keywords(reader, self.user_id))

    def update(self, keywords: Sequence[Keyword]) -> None:
        if keywords != self.keywords:
            self.keywords, self._matcher = keywords, Matcher(keywords)

    def match(self, post: NewPost) -> list[int]:
        """Return the IDs of the keywords that occur in the post's title or content, ascending."""
        title, content = post.title, post.content
        text = normalized(content)
        if title is not None and title != content:
            text = normalized(title) + PHRASE_BREAK + text
        return self._matcher.match_normalized(text, post.platform)
