"""The types of resolvers and of their context."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from strawberry.types import Info as StrawberryInfo

from resolvers.framework.context import Context

Info: TypeAlias = StrawberryInfo[Context, None]
SetWiseResolver: TypeAlias = Callable[..., Awaitable[Sequence[Any]] | Sequence[Any]]
"""A resolver that takes all parents of a level, and returns one result per parent, in their order."""
