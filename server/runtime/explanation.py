"""Explanations of a response that a caller asks for: the cost of its operation, and the profile of its execution."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from db.engine.activity import Activity, Place
from resolvers.framework.context import Viewer
from schema.prepared.cost import Cost
from server.runtime.observation import Observation
from services.accounts.rate_limit import OBJECTS_PER_POINT, points_of

COST: Final = "cost"
PROFILE: Final = "profile"


def extensions(observation: Observation, viewer: Viewer | None, seconds: float) -> dict[str, Any]:
    """Return the extensions of a response whose execution took the seconds. Only operators get a profile."""
    found: dict[str, Any] = {}
    if COST in observation.explanations and observation.cost is not None:
        found[COST] = cost_of(observation.cost, viewer, observation)
    if PROFILE in observation.explanations and may_profile(viewer):
        found[PROFILE] = profile_of(observation.activity, seconds)
    return found


def cost_of(cost: Cost, viewer: Viewer | None, observation: Observation) -> Mapping[str, Any]:
    """Return the bounds that were known before the execution, and the number of statements that ran."""
    everybody = viewer is not None and viewer.scope.everybody
    return {
        "statementsBound": cost.statements_bound(everybody=everybody),
        "statements": len(observation.activity.runs),
        "objectsBound": cost.objects,
        "points": points_of(cost.objects),
        "depth": cost.depth,
        "fields": [
            {"path": list(path), "objects": objects, "points": objects / OBJECTS_PER_POINT}
            for path, objects in observation.cost_by_field
        ],
    }


def may_profile(viewer: Viewer | None) -> bool:
    """Return whether the viewer gets a profile. It shows all statements, so only operators do."""
    return viewer is not None and viewer.scope.everybody


def profile_of(activity: Activity, seconds: float) -> Mapping[str, Any]:
    """Return the statements, batches, figures and levels of an execution that took the seconds. It holds no values."""
    statements = [
        {"name": run.name, "milliseconds": _milliseconds(run.seconds), "rows": run.rows, **_field(run.place)}
        for run in activity.runs
    ]
    batches = [
        {"loader": batch.loader, "keys": batch.keys, **_field(batch.place)} for batch in activity.batches
    ]
    figures = [
        {"figure": read.figure, "outcome": read.outcome, "count": read.figures} for read in activity.figures
    ]
    return {
        "milliseconds": _milliseconds(seconds),
        "databaseMilliseconds": _milliseconds(sum(run.seconds for run in activity.runs)),
        "poolMilliseconds": _milliseconds(sum(activity.pool_waits)),
        "statements": statements,
        "batches": batches,
        "cache": figures,
        "levels": _levels(activity),
    }


def _levels(activity: Activity) -> Sequence[Mapping[str, Any]]:
    """Return the statements of each level of the document, from the top. Level 0 has those of no field."""
    by_level: defaultdict[int, list[float]] = defaultdict(list)
    for run in activity.runs:
        by_level[0 if run.place is None else len(run.place.path)].append(run.seconds)
    return [
        {"level": level, "statements": len(seconds), "milliseconds": _milliseconds(sum(seconds))}
        for level, seconds in sorted(by_level.items())
    ]


def _field(place: Place | None) -> Mapping[str, Any]:
    return {
        "path": None if place is None else list(place.path),
        "field": None if place is None else place.coordinate,
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
