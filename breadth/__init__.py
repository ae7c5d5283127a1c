"""Runs GraphQL operations level by level: each field once for all of its parents.

Works with graphql-core schemas. `breadth.extension` has the extension for Strawberry schemas.
"""

from breadth.execute import attempt, execute, execute_plan
from breadth.explain import explain
from breadth.fields import Column, InstanceOf, SetResolver, Verbatim
from breadth.plan import Plan
from breadth.preflight import Unsupported

__all__ = [
    "Column",
    "InstanceOf",
    "Plan",
    "SetResolver",
    "Unsupported",
    "Verbatim",
    "attempt",
    "execute",
    "execute_plan",
    "explain",
]
