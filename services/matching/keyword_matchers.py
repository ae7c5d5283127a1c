"""A user's keywords, ready to be found in posts."""

from collections.abc import Sequence

from db.engine.reader import Reader
from db.engine.writer import Writer
from db.models import Keyword
from db.statements.ingest import NewPost, active_keywords
from services.ingest.row import FailedRow, Row
from services.matching.matcher import Matcher

# Stands in no text and in no keyword, so that no phrase reaches from the title into the content.
_BETWEEN = " \0 "


class KeywordMatcher:
    """A user's active keywords, ready to be found in posts. Kept between batches, it is made anew when one of
    them has changed.
    """

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.keywords: Sequence[Keyword] = ()
        self._matcher = Matcher(())

    async def refresh(self, reader: Reader | Writer) -> None:
        self.update(await active_keywords(reader, self.user_id))

    def update(self, keywords: Sequence[Keyword]) -> None:
        if keywords != self.keywords:
            self.keywords, self._matcher = keywords, Matcher(keywords)

    def keywords_of(self, row: Row) -> Sequence[int]:
        """The ids of the row's keywords: the one that it names, or those that title or content have, ascending."""
        if isinstance(row, FailedRow):
            return ()
        return self._match(row.post) if row.keyword_id is None else (row.keyword_id,)

    def _match(self, post: NewPost) -> list[int]:
        title, content = post.title, post.content
        text = content if title is None or title == content else title + _BETWEEN + content
        return self._matcher.match(text, post.platform)
