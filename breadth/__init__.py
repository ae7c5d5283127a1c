"""Runs GraphQL operations level by level: each field once for all of its parents.

For graphql-core schemas and for those of Strawberry, whose extension stands in `breadth.extension`.
"""

from breadth.execute import attempt, execute
from breadth.explain import explain
from breadth.fields import Column, InstanceOf, SetResolver, Verbatim
from breadth.selection import Selection
from breadth.survey import StepAside

__all__ = [
    "Column",
    "InstanceOf",
    "Selection",
    "SetResolver",
    "StepAside",
    "Verbatim",
    "attempt",
    "execute",
    "explain",
]
