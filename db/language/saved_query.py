"""Which rows in which order, as JSON: what a job was asked is kept until somebody does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.language.filter import All, AnyOf, Filter, Not, Operator, Test
from db.language.keyset import Order


@dataclass(frozen=True, slots=True)
class Question:
    where: Filter
    order: Order


def stored(question: Question) -> dict[str, Any]:
    order = question.order
    return {
        "where": _filter(question.where),
        "order": {
            "name": order.name,
            "columns": list(order.columns),
            "descending": order.descending,
            "search": order.search,
        },
    }


def restored(kept: Mapping[str, Any]) -> Question:
    """The question again. Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
    order = kept["order"]
    return Question(_restored_filter(kept["where"]), Order(**{**order, "columns": tuple(order["columns"])}))


def _filter(where: Filter) -> dict[str, Any]:
    match where:
        case All(parts):
            return {"all": [_filter(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_filter(part) for part in parts]}
        case Not(part):
            return {"not": _filter(part)}
        case Test(field, operator, value):
            return {"field": field, "operator": operator.value, "value": _value(value)}


def _restored_filter(kept: Mapping[str, Any]) -> Filter:
    match kept:
        case {"all": parts}:
            return All(tuple(map(_restored_filter, parts)))
        case {"any": parts}:
            return AnyOf(tuple(map(_restored_filter, parts)))
        case {"not": part}:
            return Not(_restored_filter(part))
    return Test(kept["field"], Operator(kept["operator"]), _restored_value(kept["value"]))


def _value(value: Any) -> Any:
    """JSON has fewer kinds of values than columns: the others say what they are."""
    match value:
        case tuple():
            return [_value(one) for one in value]
        case datetime():
            return {"moment": value.isoformat()}
        case Decimal():
            return {"number": str(value)}
    return str(value) if isinstance(value, str) else value


def _restored_value(kept: Any) -> Any:
    match kept:
        case list():
            return tuple(map(_restored_value, kept))
        case {"moment": moment}:
            return datetime.fromisoformat(moment)
        case {"number": number}:
            return Decimal(number)
    return kept
