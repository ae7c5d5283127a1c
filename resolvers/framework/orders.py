"""The orders that lists can be asked in, each served by an index. The first is the default."""

from enum import Enum

from db.language import keyset


class UserOrder(Enum):
    NEWEST = keyset.LATEST_ID_FIRST
    OLDEST = keyset.EARLIEST_ID_FIRST


class KeywordOrder(Enum):
    NEWEST = keyset.LATEST_ID_FIRST
    OLDEST = keyset.EARLIEST_ID_FIRST
    MOST_MENTIONS = keyset.MOST_MENTIONS_FIRST
    MOST_LEADS = keyset.MOST_LEADS_FIRST


class MentionOrder(Enum):
    NEWEST = keyset.NEWEST_FIRST
    OLDEST = keyset.OLDEST_FIRST
    BEST_MATCH = keyset.BEST_MATCH_FIRST


class LeadOrder(Enum):
    NEWEST = keyset.NEWEST_FIRST
    OLDEST = keyset.OLDEST_FIRST
    LATEST_CHANGE = keyset.LATEST_CHANGE_FIRST


class LeadEventOrder(Enum):
    NEWEST = keyset.NEWEST_FIRST
    OLDEST = keyset.OLDEST_FIRST


class IntegrationOrder(Enum):
    NEWEST = keyset.LATEST_ID_FIRST
    OLDEST = keyset.EARLIEST_ID_FIRST


class IntegrationLogOrder(Enum):
    NEWEST = keyset.NEWEST_FIRST
    OLDEST = keyset.OLDEST_FIRST


class ExportOrder(Enum):
    NEWEST = keyset.LATEST_ID_FIRST
    OLDEST = keyset.EARLIEST_ID_FIRST
