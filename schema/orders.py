"""The orders of lists, described."""

from resolvers.framework.orders import (
    ExportOrder,
    IntegrationLogOrder,
    IntegrationOrder,
    KeywordOrder,
    LeadEventOrder,
    LeadOrder,
    MentionOrder,
    UserOrder,
)
from schema.enums import describe

__all__ = [
    "ExportOrder",
    "IntegrationLogOrder",
    "IntegrationOrder",
    "KeywordOrder",
    "LeadEventOrder",
    "LeadOrder",
    "MentionOrder",
    "UserOrder",
]

describe(
    UserOrder,
    "An order of users.",
    newest="The one created last first.",
    oldest="The one created first first.",
)
describe(
    KeywordOrder,
    "An order of keywords.",
    newest="The one created last first.",
    oldest="The one created first first.",
    most_mentions="The one with the most mentions first.",
    most_leads="The one with the most leads first.",
)
describe(
    MentionOrder,
    "An order of mentions.",
    newest="The one taken in last first.",
    oldest="The one taken in first first.",
    best_match="The one that fits the words of the filter's `search` best first; needs `search`.",
)
describe(
    LeadOrder,
    "An order of leads.",
    newest="The one made last first.",
    oldest="The one made first first.",
    latest_change="The one whose status changed last first.",
)
describe(
    LeadEventOrder,
    "An order of a lead's events.",
    newest="The latest first.",
    oldest="The earliest first.",
)
describe(
    IntegrationOrder,
    "An order of integrations.",
    newest="The one connected last first.",
    oldest="The one connected first first.",
)
describe(
    IntegrationLogOrder,
    "An order of an integration's logs.",
    newest="The latest first.",
    oldest="The earliest first.",
)
describe(
    ExportOrder,
    "An order of exports.",
    newest="The one asked for last first.",
    oldest="The one asked for first first.",
)
