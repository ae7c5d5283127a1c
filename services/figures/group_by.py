"""Questions that can be answered by one read are asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

Question = TypeVar("Question")
Kind = TypeVar("Kind", bound=Hashable)
Answer = TypeVar("Answer")


async def ask_by_group(
    questions: Sequence[Question],
    kind_of: Callable[[Question], Kind],
    ask: Callable[[Kind, Sequence[Question]], Awaitable[Sequence[Answer]]],
) -> list[Answer]:
    """One answer per question, in order, from one call of `ask` for each kind of question."""
    kinds: dict[Kind, list[int]] = {}
    for index, question in enumerate(questions):
        kinds.setdefault(kind_of(question), []).append(index)
    calls = (ask(kind, [questions[i] for i in indices]) for kind, indices in kinds.items())
    placed: dict[int, Answer] = {}
    for indices, answers in zip(kinds.values(), await asyncio.gather(*calls), strict=True):
        placed.update(zip(indices, answers, strict=True))
    return [placed[index] for index in range(len(questions))]
