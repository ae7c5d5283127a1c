"""Expensive figures, computed once and kept for as long as each allows: the public face of this package."""

from services.figures.cache.cached import Cached, Figure, FigureByQuestion
from services.figures.cache.definition import (
    REGISTRY,
    CachedFigure,
    FigureRegistry,
    Question,
    Value,
    cached_figure,
)

__all__ = [
    "REGISTRY",
    "Cached",
    "CachedFigure",
    "Figure",
    "FigureByQuestion",
    "FigureRegistry",
    "Question",
    "Value",
    "cached_figure",
]
