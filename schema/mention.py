from datetime import datetime

import strawberry

from db import models
from resolvers import mention as resolve
from schema.enums import DismissReason, MentionKind, Platform
from schema.fields import column, resolved_by
from schema.lazy_types import AnalysisRef, IntegrationRef, KeywordRef, LeadRef, UserRef
from schema.node import Node, global_id, is_row_of
from schema.scalars import URL


@strawberry.type(description="One sighting of a keyword.")
class Mention(Node):
    is_type_of = is_row_of(models.Mention)

    id: strawberry.ID = global_id(models.Mention)
    platform: Platform = column("Where it was published.")
    external_id: str = column("The platform's own id of it.")
    kind: MentionKind = column("What sort of publication it is.")
    url: URL = column("Address of the publication.")
    title: str | None = column("Title; null where there is none.")
    content: str = column("Text as published, at most 20 000 characters.")
    author: str = column("Name that the author goes by, or an empty text.")
    language: str | None = column("ISO 639 code of the language; null where it is not known.")
    likes: int | None = column("Likes, points or votes at the time it was taken in; null where not known.")
    comments: int | None = column("Number of comments at the time it was taken in; null where not known.")
    published_at: datetime | None = column("When it was published; null where it is not known.")
    created_at: datetime = column("When it was taken in.")
    read_at: datetime | None = column("When its user read it; null while it is unread.")
    starred_at: datetime | None = column("Since when it is starred; null while it is not.")
    dismissed_at: datetime | None = column("Since when it is dismissed; null while it is not.")
    dismiss_reason: DismissReason | None = column("Why it was dismissed; null where nobody said.")
    engaged_at: datetime | None = column(
        "When its user engaged with the author, for example by a reply; null while nobody has."
    )
    user: UserRef = resolved_by(resolve.user, description="The user whose keyword it contains.")
    integration: IntegrationRef | None = resolved_by(
        resolve.integration, description="The integration that brought it in; null without one."
    )
    keyword: KeywordRef = resolved_by(resolve.keyword, description="The keyword that it contains.")
    lead: LeadRef | None = resolved_by(
        resolve.lead, description="Lead made of the mention; null while there is none."
    )
    analysis: AnalysisRef | None = resolved_by(
        resolve.analysis, description="What was found in it; null while it has not been looked at."
    )
