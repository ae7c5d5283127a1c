"""Expensive figures, computed once and kept for as long as each allows: the public face of this package."""

from services.figures.cache.answer import Answer, Figure, FigureByQuestion
from services.figures.cache.cached import Cached
from services.figures.cache.definition import (
    REGISTRY,
    CachedFigure,
    FigureRegistry,
    Question,
    Value,
    cached_figure,
)
from services.figures.cache.fragments import Fragment, FragmentStore
from services.figures.cache.owners import STATE_COLUMNS, OwnerState, state_of_row

__all__ = [
    "REGISTRY",
    "STATE_COLUMNS",
    "Answer",
    "Cached",
    "CachedFigure",
    "Figure",
    "FigureByQuestion",
    "FigureRegistry",
    "Fragment",
    "FragmentStore",
    "OwnerState",
    "Question",
    "Value",
    "cached_figure",
    "state_of_row",
]
