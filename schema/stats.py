"""Figures over lists: counts by kind and by time, sums, rates."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from resolvers import stats
from schema.enums import LeadStatus, Platform, Sentiment, describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef
from schema.scalars import BigInt
from services.figures.rates import RateBasis
from services.figures.windows import TimeUnit

describe(
    RateBasis,
    "What a rate divides by what. Within a window all of them are what happened in it: a lead then counts as "
    "QUALIFIED or CONVERTED where it first became so.",
    leads_per_mention="Leads by mentions.",
    converted_per_mention="Leads that are CONVERTED now, by mentions.",
    converted_per_lead="Leads that are CONVERTED now, by leads.",
    qualified_per_lead="Leads that were ever QUALIFIED, by leads.",
)
describe(
    TimeUnit,
    "A unit of time in a zone.",
    day="From midnight to midnight.",
    week="Seven days from the first day of the viewer's week.",
    month="A calendar month.",
)


@strawberry.type(description="A rate in percent.")
class Rate:
    value: float = column(
        "Numerator by denominator, in percent, half-up to two decimals; 0 for nothing by nothing."
    )
    numerator: int = column("What is divided.")
    denominator: int = column("What it is divided by.")
    basis: RateBasis = column("What the two are.")


@strawberry.type(description="How many rows a platform has.")
class PlatformCount:
    platform: Platform = column("The platform.", name="value")
    count: int = column("Number of rows.")


@strawberry.type(description="How many mentions have a mood.")
class SentimentCount:
    sentiment: Sentiment | None = column("The mood; null for those that were not analysed.", name="value")
    count: int = column("Number of mentions.")


@strawberry.type(description="How many leads have a status.")
class LeadStatusCount:
    status: LeadStatus = column("The status.", name="value")
    count: int = column("Number of leads.")


@strawberry.type(description="How many rows a keyword has.")
class KeywordCount:
    keyword: KeywordRef = column("The keyword.")
    count: int = column("Number of rows.")


@strawberry.type(description="How many rows came within a window of time.")
class TimeCount:
    start: datetime = column("First moment of the window.")
    end: datetime = column("First moment behind the window.")
    count: int = column("Number of rows.")
    partial: bool = column("Whether the unit is cut by the range asked for, or not over yet.")


@strawberry.type(description="A sum of money.")
class Money:
    currency: str = column("ISO 4217 code of the currency.")
    total: Decimal = column("The sum, two decimals.")


OVER_TIME = {
    "by": Annotated[TimeUnit, strawberry.argument(description="Unit of the windows.")],
    "time_zone": Annotated[
        str | None,
        strawberry.argument(
            description="IANA name of the zone of days, weeks and months. The viewer's, by default."
        ),
    ],
    "since": Annotated[
        datetime | None,
        strawberry.argument(
            name="from",
            description="First moment. By default 30 days, 12 weeks or 12 months ago, with this one.",
        ),
    ],
    "until": Annotated[
        datetime | None,
        strawberry.argument(name="to", description="First moment behind. By default the end of this unit."),
    ],
}
FIRST = {
    "first": Annotated[
        int | None, strawberry.argument(description="How many keywords at most, 0 to 100. 10 by default.")
    ]
}


@strawberry.type(description="Figures over all mentions of a list, whatever its page.")
class MentionStats:
    count: int = resolved_by(stats.count, description="Number of mentions.")
    likes: BigInt = resolved_by(stats.summed("likes"), description="Sum of their likes, as far as known.")
    comments: BigInt = resolved_by(
        stats.summed("comments"), description="Sum of their comments, as far as known."
    )
    by_platform: list[PlatformCount] = resolved_by(
        stats.grouped("platform"),
        description="By platform, the most frequent first; only those that are there.",
    )
    by_sentiment: list[SentimentCount] = resolved_by(
        stats.grouped("sentiment"), description="By mood, the most frequent first; only those that are there."
    )
    by_keyword: list[KeywordCount] = resolved_by(
        stats.by_keyword, description="By keyword, the most frequent first.", arguments=FIRST
    )
    over_time: list[TimeCount] = resolved_by(
        stats.over_time,
        description="By the time they were taken in: every window of the range in order, also empty ones.",
        arguments=OVER_TIME,
    )


@strawberry.type(description="Figures over all leads of a list, whatever its page.")
class LeadStats:
    count: int = resolved_by(stats.count, description="Number of leads.")
    value: list[Money] = resolved_by(
        stats.value, description="Sum of their values for each currency, in the order of the codes."
    )
    conversion_rate: Rate = resolved_by(
        stats.conversion_rate, description="How many of them are CONVERTED now."
    )
    by_status: list[LeadStatusCount] = resolved_by(
        stats.grouped("status"), description="By status, the most frequent first; only those that are there."
    )
    by_platform: list[PlatformCount] = resolved_by(
        stats.grouped("platform"),
        description="By platform, the most frequent first; only those that are there.",
    )
    by_keyword: list[KeywordCount] = resolved_by(
        stats.by_keyword, description="By keyword, the most frequent first.", arguments=FIRST
    )
    over_time: list[TimeCount] = resolved_by(
        stats.over_time,
        description="By the time they were made: every window of the range in order, also empty ones.",
        arguments=OVER_TIME,
    )


def basis(default: RateBasis) -> Any:
    return Annotated[
        RateBasis | None,
        strawberry.argument(description=f"What to divide by what. {default.name} by default."),
    ]


def rate(parent: str, default: RateBasis) -> Any:
    """A rate of a user or keyword; `parent` is the column by which leads refer to it."""
    return resolved_by(
        stats.rate_of(parent, default),
        description="How well it does, from the counters.",
        arguments={"basis": basis(default)},
    )
