"""Figures over lists: counts by value and by time, sums and rates."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from db.models import Intent, LeadStatus, Platform, Sentiment
from resolvers import stats
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef
from schema.list_size import Fixed, GivenBy, TimeBuckets
from schema.money import Money
from schema.resolver_types import SetWiseResolver
from schema.scalars import BigInt
from schema.timeframe import local_date
from services.figures.rates import RateBasis
from services.figures.windows import TimeUnit

describe(
    RateBasis,
    "Numerator and denominator of a rate. Rates of a window divide the events within the window, where a lead counts "
    "as QUALIFIED or CONVERTED when the lead first became so.",
    leads_per_mention="Number of leads divided by number of mentions.",
    converted_per_mention="Number of leads whose current status is CONVERTED, divided by number of mentions. Rates of "
    "a window divide the leads that first became CONVERTED by the mentions ingested within the window.",
    converted_per_lead="Number of leads whose current status is CONVERTED, divided by number of leads. Rates of a "
    "window divide the leads that first became CONVERTED by the leads created within the window.",
    qualified_per_lead="Number of leads that ever reached QUALIFIED, divided by number of leads. Rates of a window "
    "divide the leads that first reached QUALIFIED by the leads created within the window.",
)
describe(
    TimeUnit,
    "A unit of time in a time zone.",
    day="A day from midnight to midnight in the time zone.",
    week="Seven days, beginning on the viewer's first day of the week.",
    month="A calendar month in the time zone.",
)


@strawberry.type(description="A rate in percent, with its numerator and denominator.")
class Rate:
    value: float = column(
        "`numerator` divided by `denominator`, in percent, rounded half up to two decimals. 0 if `denominator` is 0."
    )
    numerator: int = column("Numerator of the rate.")
    denominator: int = column("Denominator of the rate.")
    basis: RateBasis = column("Definition of the numerator and the denominator.")


@strawberry.type(description="Number of mentions or leads of a platform.")
class PlatformCount:
    platform: Platform = column("Platform of the counted mentions or leads.", name="value")
    count: int = column("Number of mentions or leads of the platform.")


@strawberry.type(description="Number of mentions with a sentiment.")
class SentimentCount:
    sentiment: Sentiment | None = column(
        "Sentiment of the counted mentions. Null for mentions without a measured sentiment.", name="value"
    )
    count: int = column("Number of mentions with the sentiment.")


@strawberry.type(description="Number of mentions with an intent.")
class IntentCount:
    intent: Intent | None = column(
        "Intent of the counted mentions. Null for mentions without a detected intent.", name="value"
    )
    count: int = column("Number of mentions with the intent.")


@strawberry.type(description="Number of leads with a status.")
class LeadStatusCount:
    status: LeadStatus = column("Status of the counted leads.", name="value")
    count: int = column("Number of leads whose current status is `status`.")


@strawberry.type(description="Number of mentions or leads of a keyword.")
class KeywordCount:
    keyword: KeywordRef = column("Keyword of the counted mentions or leads.")
    count: int = column("Number of mentions or leads of the keyword.")


@strawberry.type(description="Number of mentions or leads within a unit of time.")
class TimeCount:
    start: datetime = column(
        "Start of the unit, inclusive, or of the range if the range starts within the unit."
    )
    end: datetime = column("End of the unit, exclusive, or of the range if the range ends within the unit.")
    local_date: date = local_date()
    count: int = column("Number of mentions ingested, or of leads created, from `start` to `end`.")
    partial: bool = column(
        "Whether the range cuts the unit, or the unit has not ended yet, so that its number is incomplete."
    )
    future: bool = column(
        "Whether the unit, as far as it is shown, has not begun yet. Its number is 0, and a chart should leave it out."
    )


OVER_TIME = {
    "by": Annotated[
        TimeUnit,
        strawberry.argument(description=f"Unit of time to count by. At most {stats.MOST_WINDOWS:,} units."),
    ],
    "time_zone": Annotated[
        str | None,
        strawberry.argument(
            description="IANA name of the time zone of days, weeks and months. Defaults to the viewer's time zone."
        ),
    ],
    "since": Annotated[
        datetime | None,
        strawberry.argument(
            name="from",
            description="Start of the range, inclusive. By default, the range has 30 days, 12 weeks or 12 months, including "
            "the current one.",
        ),
    ],
    "until": Annotated[
        datetime | None,
        strawberry.argument(
            name="to", description="End of the range, exclusive. Defaults to the end of the current unit."
        ),
    ],
}
BUCKETS = TimeBuckets(stats.MOST_WINDOWS, ends=("from", "to"))
FIRST = {
    "first": Annotated[
        int | None,
        strawberry.argument(description="Maximum number of keywords, from 0 to 100. Defaults to 10."),
    ]
}
TOP_KEYWORDS = GivenBy(("first",), stats.DEFAULT_KEYWORDS)


@strawberry.type(description="Figures over all mentions of a list, regardless of the page.")
class MentionStats:
    count: int = resolved_by(stats.count, description="Number of mentions in the list.")
    likes: BigInt = resolved_by(
        stats.summed("likes"), description="Sum of the likes of all mentions. Unknown likes count as 0."
    )
    comments: BigInt = resolved_by(
        stats.summed("comments"),
        description="Sum of the comments on all mentions. Unknown numbers of comments count as 0.",
    )
    by_platform: list[PlatformCount] = resolved_by(
        stats.grouped("platform"),
        description="Number of mentions by platform, most frequent first. Platforms without mentions are omitted.",
    )
    by_sentiment: list[SentimentCount] = resolved_by(
        stats.grouped("sentiment"),
        description="Number of mentions by sentiment, most frequent first. Sentiments without mentions are omitted.",
    )
    by_intent: list[IntentCount] = resolved_by(
        stats.grouped("intent"),
        description="Number of mentions by intent, most frequent first. Intents without mentions are omitted.",
    )
    by_keyword: list[KeywordCount] = resolved_by(
        stats.by_keyword,
        description="Number of mentions by keyword, most frequent first. Keywords without mentions are omitted.",
        arguments=FIRST,
        size=TOP_KEYWORDS,
    )
    over_time: list[TimeCount] = resolved_by(
        stats.over_time,
        description="Number of mentions by time of ingestion, for each unit of the range in order. Units without "
        "mentions are included.",
        arguments=OVER_TIME,
        size=BUCKETS,
    )


@strawberry.type(description="Figures over all leads of a list, regardless of the page.")
class LeadStats:
    count: int = resolved_by(stats.count, description="Number of leads in the list.")
    value: list[Money] = resolved_by(
        stats.value,
        description="Sum of the leads' values for each currency, ordered by the code of the currency.",
    )
    converted_per_lead: Rate = resolved_by(
        stats.converted_per_lead, description="Share of the leads whose current status is CONVERTED."
    )
    conversion_rate: Rate = resolved_by(
        stats.converted_per_lead,
        description="Share of the leads whose current status is CONVERTED.",
        deprecated="Use `convertedPerLead`. `conversionRate` of users divides by mentions.",
    )
    by_status: list[LeadStatusCount] = resolved_by(
        stats.by_status,
        description="Number of leads by current status, for each status in the order of the stages of a lead. "
        "DISQUALIFIED comes last.",
        size=Fixed(len(LeadStatus)),
    )
    by_platform: list[PlatformCount] = resolved_by(
        stats.grouped("platform"),
        description="Number of leads by platform, most frequent first. Platforms without leads are omitted.",
    )
    by_keyword: list[KeywordCount] = resolved_by(
        stats.by_keyword,
        description="Number of leads by keyword, most frequent first. Keywords without leads are omitted.",
        arguments=FIRST,
        size=TOP_KEYWORDS,
    )
    over_time: list[TimeCount] = resolved_by(
        stats.over_time,
        description="Number of leads by time of creation, for each unit of the range in order. Units without leads are "
        "included.",
        arguments=OVER_TIME,
        size=BUCKETS,
    )


BASIS = Annotated[
    RateBasis,
    strawberry.argument(description="Numerator and denominator of the rate."),
]
CONVERSION_BASIS = Annotated[
    RateBasis | None,
    strawberry.argument(
        description="Numerator and denominator of the rate. Defaults to CONVERTED_PER_MENTION.",
        deprecation_reason="Use `rate`, which requires a basis. `conversionRate` is that of CONVERTED_PER_MENTION.",
    ),
]
LEADS_BASIS = Annotated[
    RateBasis | None,
    strawberry.argument(description="Numerator and denominator of the rate. Defaults to LEADS_PER_MENTION."),
]
NOT_CONVERSION = (
    "Use `rate(basis: LEADS_PER_MENTION)`. `conversionRate` of users divides converted leads by mentions."
)


def rate_field(resolver: SetWiseResolver, when: str) -> Any:
    """Return a field with the rate of a required basis. `when` is the time that the rate covers."""
    return resolved_by(
        resolver,
        description=f"Rate {when}, with the numerator and denominator given by `basis`.",
        arguments={"basis": BASIS},
    )


def conversion_rate_field(resolver: SetWiseResolver, when: str) -> Any:
    """Return the field `conversionRate` of a user's figures: converted leads by mentions."""
    return resolved_by(
        resolver,
        description=f"Number of converted leads divided by number of mentions, {when}.",
        arguments={"basis": CONVERSION_BASIS},
    )


def leads_rate_field(resolver: SetWiseResolver, when: str) -> Any:
    """Return the deprecated field `conversionRate` of a keyword's figures: leads by mentions."""
    return resolved_by(
        resolver,
        description=f"Number of leads divided by number of mentions, {when}, or the rate of another `basis`.",
        arguments={"basis": LEADS_BASIS},
        deprecated=NOT_CONVERSION,
    )
