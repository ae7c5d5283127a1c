"""Saved queries: the filter and order of a job, as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.language.filter import All, AnyOf, Filter, Not, Operator, Test
from db.language.keyset import Order


@dataclass(frozen=True, slots=True)
class SavedQuery:
    where: Filter
    order: Order


def dump(query: SavedQuery) -> dict[str, Any]:
    order = query.order
    return {
        "where": _dump_filter(query.where),
        "order": {
            "name": order.name,
            "columns": list(order.columns),
            "descending": order.descending,
            "search": order.search,
        },
    }


def load(data: Mapping[str, Any]) -> SavedQuery:
    """Return the query. Raise `KeyError`, `TypeError` or `ValueError` for other data."""
    order = data["order"]
    return SavedQuery(_load_filter(data["where"]), Order(**{**order, "columns": tuple(order["columns"])}))


def _dump_filter(where: Filter) -> dict[str, Any]:
    match where:
        case All(parts):
            return {"all": [_dump_filter(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_dump_filter(part) for part in parts]}
        case Not(part):
            return {"not": _dump_filter(part)}
        case Test(field, operator, value):
            return {"field": field, "operator": operator.value, "value": _dump_value(value)}


def _load_filter(data: Mapping[str, Any]) -> Filter:
    match data:
        case {"all": parts}:
            return All(tuple(map(_load_filter, parts)))
        case {"any": parts}:
            return AnyOf(tuple(map(_load_filter, parts)))
        case {"not": part}:
            return Not(_load_filter(part))
    return Test(data["field"], Operator(data["operator"]), _load_value(data["value"]))


def _dump_value(value: Any) -> Any:
    """Return a JSON value. Types that JSON lacks become objects that name the type."""
    match value:
        case tuple():
            return [_dump_value(element) for element in value]
        case datetime():
            return {"moment": value.isoformat()}
        case Decimal():
            return {"number": str(value)}
    return str(value) if isinstance(value, str) else value


def _load_value(data: Any) -> Any:
    match data:
        case list():
            return tuple(map(_load_value, data))
        case {"moment": timestamp}:
            return datetime.fromisoformat(timestamp)
        case {"number": number}:
            return Decimal(number)
    return data
