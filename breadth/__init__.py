"""Runs GraphQL operations level by level: each field once for all of its parents.

Works with graphql-core schemas. `breadth.extension` has the extension for Strawberry schemas.
"""

from breadth.execute import attempt, execute, execute_plan
from breadth.explain import explain
from breadth.fields import Column, InstanceOf, SetResolver, Verbatim
from breadth.fragments import ABSENT, Fragments, Selection
from breadth.plan import Plan
from breadth.preflight import Unsupported
from breadth.subscription import Events, events_of, subscribe

__all__ = [
    "ABSENT",
    "Column",
    "Events",
    "Fragments",
    "InstanceOf",
    "Plan",
    "Selection",
    "SetResolver",
    "Unsupported",
    "Verbatim",
    "attempt",
    "events_of",
    "execute",
    "execute_plan",
    "explain",
    "subscribe",
]
