"""Texts to analyse."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Keyword, Mention
from db.statements.analysis import MentionText, mention_texts
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class TextByMention(DataLoader[int, MentionText | None]):
    """The text of a mention with its keyword; None for a mention outside the row scope."""

    models = (Mention, Keyword)

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[MentionText | None]:
        found = await mention_texts(reader, scope, keys)
        return [found.get(key) for key in keys]
