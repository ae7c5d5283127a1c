"""Marked fields: slots that are filled with fragments, and values that become fragments."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from breadth.fragments import ABSENT, Fragments, Selection
from breadth.plan import Field
from breadth.resolve import resolve
from breadth.response_slots import FieldSlots, RowBlock, address_of
from breadth.state import ExecutionState, Unkept


def resolve_marked(state: ExecutionState, fragments: Fragments, block: RowBlock, field: Field) -> None:
    """Put the fragments of a marked field into its slots. Resolve the field for the other rows of the block."""
    request = state.request
    selection = Selection(field, request.variables.coerced)
    found: Any
    try:
        alone = block.slots is None and len(block.field_set.others) == 1
        found = fragments.find(selection, block.sources, alone=alone)
    except Exception:  # noqa: BLE001 - without a fragment the field is resolved
        found = None
    if not state.class_facts.is_awaitable(found):
        _fill(state, block, field, selection, found)
        return
    if request.around is not None:
        found = request.around(field, len(block.rows), found)
    # The run drops the sources of its block.
    own = RowBlock(block.field_set, block.sources, block.rows, block.slots)
    slots = FieldSlots(own, field)
    state.wait_for_all(slots, found, partial(_fill_awaited, state, own, field, selection))


def _fill_awaited(
    state: ExecutionState,
    block: RowBlock,
    field: Field,
    selection: Selection,
    _numbers: list[int],
    results: list[Any],
) -> None:
    _fill(state, block, field, selection, results[0])


def _fill(state: ExecutionState, block: RowBlock, field: Field, selection: Selection, found: Any) -> None:
    """Put the fragments into the slots, and resolve the rest. Anything but one result per row is no fragment."""
    if isinstance(found, Sequence) and len(found) == len(block.rows):
        slots = FieldSlots(block, field)
        picks = [row for row, each in enumerate(found) if each is ABSENT]
        for row, each in enumerate(found):
            if each is not ABSENT:
                slots.put_one(row, each)
        if not picks:
            return
        block = block if len(picks) == len(found) else block.pick(picks)
        state.unkept.append(Unkept(selection, FieldSlots(block, field), block.sources))
    resolve(state, block, field)


def keep_fragments(state: ExecutionState) -> None:
    """Let the request's fragments keep the complete values of marked fields, the deepest fields first."""
    fragments = state.request.fragments
    assert fragments is not None  # noqa: S101 - no field is unkept without them
    for selection, slots, parents in sorted(state.unkept, key=lambda each: -len(each.slots.field.path)):
        for row, parent in enumerate(parents):
            if not slots.block.is_attached(row) or state.failures.has_below(address_of(slots, row)):
                continue
            try:
                kept = fragments.keep(selection, parent, slots.get(row))
            except Exception:  # noqa: BLE001, S112 - the response has the value itself
                continue
            slots.put_one(row, kept)
