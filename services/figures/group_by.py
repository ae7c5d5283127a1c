"""Answer questions of the same group with one read."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

Question = TypeVar("Question")
Group = TypeVar("Group", bound=Hashable)
Answer = TypeVar("Answer")


async def ask_by_group(
    questions: Sequence[Question],
    group_of: Callable[[Question], Group],
    ask: Callable[[Group, Sequence[Question]], Awaitable[Sequence[Answer]]],
) -> list[Answer]:
    """Return one answer per question, in order, from one call of `ask` per group."""
    groups: dict[Group, list[int]] = {}
    for index, question in enumerate(questions):
        groups.setdefault(group_of(question), []).append(index)
    if len(groups) == 1:
        ((group, indices),) = groups.items()
        answers = await ask(group, questions)
        return [answer for _, answer in zip(indices, answers, strict=True)]
    calls = (ask(group, [questions[i] for i in indices]) for group, indices in groups.items())
    answer_by_index: dict[int, Answer] = {}
    for indices, answers in zip(groups.values(), await asyncio.gather(*calls), strict=True):
        answer_by_index.update(zip(indices, answers, strict=True))
    return [answer_by_index[index] for index in range(len(questions))]
