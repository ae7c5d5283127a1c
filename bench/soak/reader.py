"""Readers that compare all figures of a response with each other. Figures of one snapshot must agree.

A number comes from a counter, from counting rows (forced by a filter that matches all rows), from grouped figures, and
from the rows of a complete page.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bench.soak.client import Client
from bench.soak.model import Model
from bench.soak.writer import Person

Answer = Mapping[str, Any]

LARGEST_PAGE = 100
KEYWORDS_BETWEEN = 8

STATUSES = ("new", "contacted", "qualified", "converted", "disqualified")
_EVERY = 'filter: { createdAt: { gte: "2000-01-01T00:00:00Z" } }'
_COUNTERS = "mentionsCount leadsCount " + " ".join(f"{status}LeadsCount" for status in STATUSES)
_LISTS = f"""
  mentions(first: 0) {{ totalCount }} leads(first: 0) {{ totalCount }}
  countedMentions: mentions(first: 0, {_EVERY}) {{ totalCount }}
  countedLeads: leads(first: 0, {_EVERY}) {{ totalCount }}
"""
_FIGURES = f"""
  figures: mentions(first: 0, {_EVERY}) {{ stats {{
    count byPlatform {{ count }} bySentiment {{ count }} overTime(by: DAY) {{ count }}
    byKeyword(first: 100) {{ count keyword {{ id mentionsCount }} }}
  }} }}
  leadFigures: leads(first: 0, {_EVERY}) {{ stats {{
    count byStatus {{ status count }} byPlatform {{ count }} overTime(by: DAY) {{ count }}
  }} }}
"""
_KEYWORD = f"""
  id {_COUNTERS} {_LISTS} figures: mentions(first: 0) {{ stats {{ count }} }}
  rows: leads(first: {LARGEST_PAGE}) {{ nodes {{ status }} }} conversionRate {{ numerator denominator }}
"""
OF_A_KEYWORD = f"query Soak_keyword($id: ID!) {{ keyword(id: $id) {{ {_KEYWORD} }} }}"
OF_A_MEMBER = f"""query Soak_member {{
  viewer {{ keywordsCount {_COUNTERS} }} {_LISTS} {_FIGURES}
  keywords(first: {LARGEST_PAGE}) {{ totalCount nodes {{ {_KEYWORD} }} }}
}}"""
OF_AN_OPERATOR = f"""query Soak_operator {{
  {_LISTS} {_FIGURES} users(first: 100) {{ totalCount nodes {{
    id keywordsCount {_COUNTERS} {_LISTS} keywords(first: 100) {{ totalCount nodes {{ {_COUNTERS} }} }}
  }} }}
}}"""


class Pair(NamedTuple):
    """A figure obtained in two ways."""

    what: str
    one: object
    other: object


def _lists(place: str, node: Answer, counters: Answer) -> Iterator[Pair]:
    """Compare the totals of lists, from counters and by counting, with the counters."""
    for kind in ("mentions", "leads"):
        counter = counters[f"{kind}Count"]
        yield Pair(f"{place} {kind} total", node[kind]["totalCount"], counter)
        counted = node[f"counted{kind.capitalize()}"]["totalCount"]
        yield Pair(f"{place} {kind} counted", counted, counter)


def _statuses(place: str, node: Answer) -> Iterator[Pair]:
    counted = sum(node[f"{status}LeadsCount"] for status in STATUSES)
    yield Pair(f"{place} leads by status", counted, node["leadsCount"])


def _figures(place: str, answer: Answer, counters: Answer) -> Iterator[Pair]:
    """Compare figures of all mentions and leads, in each grouping, with the counters."""
    mentions, leads = answer["figures"]["stats"], answer["leadFigures"]["stats"]
    for kind, stats, groups in (
        ("mentions", mentions, ("byPlatform", "bySentiment", "overTime")),
        ("leads", leads, ("byStatus", "byPlatform", "overTime")),
    ):
        yield Pair(f"{place} {kind} figure", stats["count"], counters[f"{kind}Count"])
        for group in groups:
            yield Pair(f"{place} {kind} {group}", sum(each["count"] for each in stats[group]), stats["count"])
    for each in mentions["byKeyword"]:
        yield Pair(f"{place} byKeyword", each["count"], each["keyword"]["mentionsCount"])
    by_status = {each["status"].lower(): each["count"] for each in leads["byStatus"]}
    for status in STATUSES:
        yield Pair(f"{place} {status} leads", by_status.get(status, 0), counters[f"{status}LeadsCount"])


def _sums(place: str, owner: Answer, nodes: list[Answer]) -> Iterator[Pair]:
    """Compare the counters of a user with the sums over all keywords of the user."""
    yield Pair(f"{place} keywords", owner["keywordsCount"], len(nodes))
    for name in ("mentionsCount", "leadsCount", *(f"{status}LeadsCount" for status in STATUSES)):
        yield Pair(f"{place} sum of {name}", sum(node[name] for node in nodes), owner[name])


def of_member(answer: Answer) -> Iterator[Pair]:
    viewer, keywords = answer["viewer"], answer["keywords"]
    yield Pair("keywords total", keywords["totalCount"], viewer["keywordsCount"])
    yield from _lists("viewer", answer, viewer)
    yield from _statuses("viewer", viewer)
    yield from _figures("viewer", answer, viewer)
    yield from _sums("viewer", viewer, keywords["nodes"])
    for node in keywords["nodes"]:
        yield from of_keyword(node)


def of_keyword(node: Answer) -> Iterator[Pair]:
    place = node["id"]
    yield from _lists(place, node, node)
    yield from _statuses(place, node)
    yield Pair(f"{place} figure", node["figures"]["stats"]["count"], node["mentionsCount"])
    yield Pair(f"{place} rate", node["conversionRate"]["denominator"], node["mentionsCount"])
    rows = Counter(row["status"].lower() for row in node["rows"]["nodes"])
    if node["leadsCount"] <= LARGEST_PAGE:
        for status in STATUSES:
            yield Pair(f"{place} {status} rows", rows[status], node[f"{status}LeadsCount"])


def of_operator(answer: Answer) -> Iterator[Pair]:
    users = answer["users"]["nodes"]
    names = ("mentionsCount", "leadsCount", *(f"{status}LeadsCount" for status in STATUSES))
    everybody = {name: sum(user[name] for user in users) for name in names}
    yield Pair("users", answer["users"]["totalCount"], len(users))
    yield from _lists("everybody", answer, everybody)
    yield from _figures("everybody", answer, everybody)
    for user in users:
        yield from _lists(user["id"], user, user)
        yield from _statuses(user["id"], user)
        yield from _sums(user["id"], user, user["keywords"]["nodes"])


class Reader:
    """A reader that requests all figures of its user, then some single keywords."""

    def __init__(self, client: Client, model: Model, person: Person, members: Sequence[Person]) -> None:
        self._client = client
        self._model = model
        self._is_operator = person.is_operator
        self._owners = [member.name for member in members] if person.is_operator else [person.name]

    async def read(self) -> None:
        if self._is_operator:
            self._compare(of_operator((await self._client.ask(OF_AN_OPERATOR)).answer))
        else:
            self._compare(of_member((await self._client.ask(OF_A_MEMBER)).answer))
        for _ in range(KEYWORDS_BETWEEN):
            await self._read_keyword()

    async def _read_keyword(self) -> None:
        owner = self._client.choose.choice(self._owners)
        keyword = self._model.pick(self._client.choose, "keywords", owner)
        if keyword is None:
            return
        node = (await self._client.ask(OF_A_KEYWORD, id=keyword.id)).answer["keyword"]
        if node is not None:
            self._compare(of_keyword(node))

    def _compare(self, pairs: Iterable[Pair]) -> None:
        compared = list(pairs)
        self._client.tally.answers += 1
        self._client.tally.figures += len(compared)
        for pair in compared:
            if pair.one != pair.other:
                self._model.say(f"A response has two figures of {pair.what}: {pair.one} and {pair.other}.")
