"""The proof at the end: it compares the rows with the model, and all counters with the rows.

The proof counts all rows in Python, independent of the triggers and of `db.integrity.audit`, which it runs as well.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from bench.soak.model import Model, Row
from db.engine.pool import Pool
from db.integrity.audit import drifts
from resolvers.framework.global_id import encode

Records = list[asyncpg.Record]

STATUSES = ("new", "contacted", "qualified", "converted", "disqualified")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SLOTS = {"slot_stats": timedelta(minutes=15), "day_stats": timedelta(days=1)}
EXAMPLES = 5
"""Number of rows that a sentence names."""


async def prove(pool: Pool, model: Model) -> list[str]:
    """Return a sentence per kind of difference. Requires that all writers have stopped."""
    rows = {
        table: await pool.fetch(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - names from here
        for table in (
            "users",
            "keywords",
            "mentions",
            "leads",
            "lead_events",
            "integrations",
            "integration_logs",
        )
    }
    for table in ("analysis_results", *SLOTS, *(f"user_{table}" for table in SLOTS)):
        rows[table] = await pool.fetch(f"SELECT * FROM {table}")  # noqa: S608 - as above
    found = [f"The audit found {drift}." for drift in await drifts(pool)]
    found += _counters(rows)
    found += _roll_ups(rows)
    found += _presence(rows, model)
    found += _mentions(rows, model)
    found += _logs(rows, model)
    found += _registers(rows, model)
    found += _histories(rows, model)
    return found


def _sentence(what: str, things: Iterable[object]) -> Iterator[str]:
    """Yield one sentence for all things, if any."""
    listed = list(things)
    if listed:
        yield f"{len(listed)} {what}, for example {', '.join(map(str, listed[:EXAMPLES]))}."


def _counters(rows: Mapping[str, Records]) -> Iterator[str]:
    """Compare each counter column with the rows."""
    for table, parent in (("users", "user_id"), ("keywords", "keyword_id")):
        mentions = Counter(row[parent] for row in rows["mentions"])
        leads = Counter(row[parent] for row in rows["leads"])
        by_status = Counter((row[parent], row["status"]) for row in rows["leads"])
        keywords = Counter(row["user_id"] for row in rows["keywords"])
        for row in rows[table]:
            counted = {"mentions_count": mentions[row["id"]], "leads_count": leads[row["id"]]}
            counted |= {f"{status}_leads_count": by_status[row["id"], status] for status in STATUSES}
            if table == "users":
                counted["keywords_count"] = keywords[row["id"]]
            wrong = [
                f"{name} {row[name]} for {number}" for name, number in counted.items() if row[name] != number
            ]
            yield from _sentence(f"wrong counters of {table} {row['id']}", wrong)


def _roll_ups(rows: Mapping[str, Records]) -> Iterator[str]:
    """Compare each bucket with the rows."""
    moments = {
        "mentions": ("mentions", "created_at"),
        "leads": ("leads", "created_at"),
        "qualified": ("leads", "qualified_at"),
        "converted": ("leads", "converted_at"),
    }
    for table, length in SLOTS.items():
        for prefix, parent in (("", "keyword_id"), ("user_", "user_id")):
            counted = Counter(
                (row[parent], EPOCH + (row[column] - EPOCH) // length * length, measure)
                for measure, (counted_of, column) in moments.items()
                for row in rows[counted_of]
                if row[column] is not None
            )
            stored = Counter(
                {
                    (row[parent], row["slot"], measure): row[measure]
                    for row in rows[prefix + table]
                    for measure in moments
                }
            )
            wrong = [key for key in {*counted, *stored} if counted[key] != stored[key]]
            yield from _sentence(f"wrong buckets of {prefix}{table}", wrong)


def _presence(rows: Mapping[str, Records], model: Model) -> Iterator[str]:
    """Check that exactly the acknowledged and undeleted keywords, leads and integrations exist."""
    kinds: dict[str, tuple[str, dict[str, Row]]] = {
        "keywords": ("Keyword", model.keywords),
        "leads": ("Lead", model.leads),
        "integrations": ("Integration", model.integrations),
    }
    for table, (tag, acknowledged) in kinds.items():
        there = {encode(tag, row["id"]) for row in rows[table]}
        expected = {id_ for id_, row in acknowledged.items() if not row.is_known_gone}
        yield from _sentence(f"{table} are lost", expected - there)
        yield from _sentence(f"{table} exist without an acknowledgement, or were deleted", there - expected)


def _mentions(rows: Mapping[str, Records], model: Model) -> Iterator[str]:
    """Check mentions by keyword and post. Mentions with an unknown outcome may exist."""
    owners = {row["id"]: row["name"] for row in rows["users"]}
    expected = {identity: row.id for identity, row in model.mentions.items() if not row.is_known_gone}
    there = {}
    unknown = []
    for row in rows["mentions"]:
        identity = (encode("Keyword", row["keyword_id"]), row["platform"].upper(), row["external_id"])
        there[identity] = encode("Mention", row["id"])
        post = (owners[row["user_id"]], *identity[1:])
        if identity not in expected and post not in model.perhaps:
            unknown.append(identity)
        elif identity in expected and identity not in model.claimed and post not in model.perhaps:
            yield f"The mention {identity} was reported as a duplicate, but no writer created it."
    yield from _sentence("mentions are lost", [each for each in expected if each not in there])
    changed = [each for each, id_ in expected.items() if each in there and there[each] != id_]
    yield from _sentence("mentions have other IDs than acknowledged", changed)
    yield from _sentence("mentions exist without an acknowledgement", unknown)


def _logs(rows: Mapping[str, Records], model: Model) -> Iterator[str]:
    """Check that each acknowledged run of an existing integration exists once."""
    messages = Counter(row["message"] for row in rows["integration_logs"] if row["kind"] == "sync")
    expected = {message for message, row in model.logs.items() if not row.is_known_gone}
    yield from _sentence("runs are lost", expected - messages.keys())
    yield from _sentence("runs exist without an acknowledgement", messages.keys() - expected)
    yield from _sentence("runs are recorded twice", [each for each, times in messages.items() if times > 1])


def _registers(rows: Mapping[str, Records], model: Model) -> Iterator[str]:
    """Check that each overwritten column has a value that may be the last."""
    analyses = {row["mention_id"]: row["summary"] for row in rows["analysis_results"]}
    values: dict[tuple[str, str], Any] = {}
    for row in rows["keywords"]:
        values[encode("Keyword", row["id"]), "status"] = row["status"].upper()
    for row in rows["leads"]:
        values[encode("Lead", row["id"]), "status"] = row["status"].upper()
        values[encode("Lead", row["id"]), "company"] = row["company"]
    for row in rows["mentions"]:
        values[encode("Mention", row["id"]), "starred"] = row["starred_at"] is not None
        values[encode("Mention", row["id"]), "summary"] = analyses.get(row["id"])
    wrong = [
        f"{key}: {values[key]} and not one of {register.possible()}"
        for key, register in model.registers.items()
        if key in values and values[key] not in register.possible()
    ]
    yield from _sentence("values are not of a possible last write", wrong)


def _histories(rows: Mapping[str, Records], model: Model) -> Iterator[str]:
    """Check that the events of a lead form a gapless history: one event and one version per change."""
    events: dict[int, Records] = {}
    for event in rows["lead_events"]:
        events.setdefault(event["lead_id"], []).append(event)
    texts: Counter[str] = Counter()
    wrong = []
    for lead in rows["leads"]:
        history = events.get(lead["id"], [])
        status = None
        for event in history:
            if event["to_status"] is not None:
                wrong += [f"lead {lead['id']} jumps at {event['id']}"] * (event["from_status"] != status)
                status = event["to_status"]
            texts.update(change[1] for change in [event["data"].get("changes", {}).get("company")] if change)
        if status != lead["status"] or [event["type"] for event in history].count("created") != 1:
            wrong.append(f"lead {lead['id']} is {lead['status']}, but its events end with {status}")
        if lead["version"] != len(history):
            wrong.append(f"lead {lead['id']} has version {lead['version']} after {len(history)} events")
    yield from _sentence("histories of leads are wrong", wrong)
    alive = {token: times for token, (lead, times) in model.tokens.items() if not lead.is_known_gone}
    yield from _sentence("acknowledged changes lack an event", [each for each in alive if not texts[each]])
    yield from _sentence("changes were made twice", [each for each in alive if texts[each] > alive[each]])
