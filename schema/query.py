"""The roots."""

from typing import Annotated

import strawberry

from resolvers import integration as of_integrations
from resolvers import keyword as of_keywords
from resolvers import user as of_users
from schema.connection import Connection, connection
from schema.fields import resolved_by
from schema.refs import IntegrationRef, KeywordRef, UserRef

ID_OF_KEYWORD = Annotated[strawberry.ID, strawberry.argument(description="Id of the keyword.")]


@strawberry.type(description="What can be read.")
class Query:
    viewer: UserRef = resolved_by(
        of_users.viewer, description="The user whose credential the request carries."
    )
    keyword: KeywordRef | None = resolved_by(
        of_keywords.keyword,
        description="A keyword by its id; null where there is none that the viewer may see.",
        arguments={"id": ID_OF_KEYWORD},
    )
    keywords: Connection[KeywordRef] = connection(
        of_keywords.keywords, description="All keywords that the viewer may see, newest first."
    )
    integrations: Connection[IntegrationRef] = connection(
        of_integrations.integrations, description="All integrations that the viewer may see, newest first."
    )
