from datetime import datetime

import strawberry

from db import models
from db.models import DismissReason, MentionKind, Platform
from resolvers.entities import MENTION
from resolvers.framework.relation import related
from schema.change import changes_of
from schema.fields import column, resolved_by
from schema.lazy_types import AnalysisRef, ChangeRef, IntegrationRef, KeywordRef, LeadRef, UserRef
from schema.node import Node, global_id, is_row_of
from schema.scalars import URL


@strawberry.type(description="An occurrence of a keyword in a publication, such as a post or a comment.")
class Mention(Node):
    is_type_of = is_row_of(models.Mention)

    id: strawberry.ID = global_id(models.Mention)
    platform: Platform = column("Platform of the publication.")
    external_id: str = column("ID of the publication on the platform.")
    kind: MentionKind = column("Kind of publication, such as a post or a comment.")
    url: URL = column("URL of the publication.")
    title: str | None = column("Title of the publication. Null if the publication has no title.")
    content: str = column("Text of the publication, at most 20,000 characters.", long=True)
    author: str = column("Name of the author on the platform. Empty string if unknown.")
    language: str | None = column("Language tag of the text (BCP 47), such as `en`. Null if unknown.")
    likes: int | None = column(
        "Number of likes, points or votes when the mention was ingested. Null if unknown."
    )
    comments: int | None = column("Number of comments when the mention was ingested. Null if unknown.")
    published_at: datetime | None = column("Time of publication. Null if unknown.")
    created_at: datetime = column("Time when the mention was ingested.")
    read_at: datetime | None = column(
        "Time when the mention was marked as read. Null if the mention is unread."
    )
    starred_at: datetime | None = column(
        "Time when the mention was starred. Null if the mention is not starred."
    )
    dismissed_at: datetime | None = column(
        "Time when the mention was dismissed. Null if the mention is not dismissed."
    )
    dismiss_reason: DismissReason | None = column(
        "Reason for the dismissal. Null if the mention is not dismissed, or was dismissed without a reason."
    )
    engaged_at: datetime | None = column(
        "Time when the user engaged with the author, for example by a reply. Null if the user has not engaged."
    )
    updated_at: datetime = column(
        "Time when the mention was ingested, or its marks or its integration were last changed. The analysis and the lead "
        "have times of their own."
    )
    user: UserRef = resolved_by(
        related(MENTION, "user"), description="User who owns the keyword of the mention."
    )
    integration: IntegrationRef | None = resolved_by(
        related(MENTION, "integration"),
        description="Integration that delivered the mention. Null if the mention was ingested without an integration, "
        "or the integration was deleted.",
    )
    keyword: KeywordRef = resolved_by(
        related(MENTION, "keyword"), description="Keyword that the publication contains."
    )
    lead: LeadRef | None = resolved_by(
        related(MENTION, "lead"),
        description="Lead created from the mention. Null if the mention has no lead.",
    )
    analysis: AnalysisRef | None = resolved_by(
        related(MENTION, "analysis"),
        description="Analysis of the mention. Null if the mention has not been analyzed.",
    )
    changes: list[ChangeRef] = changes_of(MENTION)
