"""The orders of lists, with descriptions."""

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
    "Order of a list of users.",
    newest="Orders users by time of creation, newest first.",
    oldest="Orders users by time of creation, oldest first.",
)
describe(
    KeywordOrder,
    "Order of a list of keywords.",
    newest="Orders keywords by time of creation, newest first.",
    oldest="Orders keywords by time of creation, oldest first.",
    most_mentions="Orders keywords by number of mentions, highest first.",
    most_leads="Orders keywords by number of leads, highest first.",
)
describe(
    MentionOrder,
    "Order of a list of mentions.",
    newest="Orders mentions by time of ingestion, newest first.",
    oldest="Orders mentions by time of ingestion, oldest first.",
    best_match="Orders mentions by relevance to the filter's `search`, best match first. Requires `search`.",
)
describe(
    LeadOrder,
    "Order of a list of leads.",
    newest="Orders leads by time of creation, newest first.",
    oldest="Orders leads by time of creation, oldest first.",
    latest_change="Orders leads by time of the last status change, latest first.",
)
describe(
    LeadEventOrder,
    "Order of a list of events of leads.",
    newest="Orders events by time of occurrence, newest first.",
    oldest="Orders events by time of occurrence, oldest first.",
)
describe(
    IntegrationOrder,
    "Order of a list of integrations.",
    newest="Orders integrations by time of creation, newest first.",
    oldest="Orders integrations by time of creation, oldest first.",
)
describe(
    IntegrationLogOrder,
    "Order of a list of logs of integrations.",
    newest="Orders logs by time of recording, newest first.",
    oldest="Orders logs by time of recording, oldest first.",
)
describe(
    ExportOrder,
    "Order of a list of exports.",
    newest="Orders exports by time of creation, newest first.",
    oldest="Orders exports by time of creation, oldest first.",
)
