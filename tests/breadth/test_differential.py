"""breadth and graphql-core give the same responses to random documents."""

import asyncio
import gc
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from graphql import DocumentNode, ExecutionResult, execute, parse

import breadth
from breadth import object_codegen
from tests.breadth.compare import differences
from tests.breadth.documents import GeneratedDocument, generate
from tests.breadth.zoo import Zoo

PROFILES = [(0.0, 0.0), (0.01, 0.0), (0.05, 0.0), (0.0, 0.3), (0.01, 0.3), (0.05, 0.3)]


async def settled(found: Any) -> ExecutionResult:
    result: ExecutionResult = await found if hasattr(found, "__await__") else found
    while len(asyncio.all_tasks()) > 1:  # graphql-core runs orphaned awaitables in the background
        await asyncio.sleep(0)
    return result


async def differing(
    zoo: Zoo, generated: GeneratedDocument, number: int, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    document = parse(generated.text)
    logs: list[list[str]] = []

    async def run(executor: Callable[..., Any], document: DocumentNode = document) -> ExecutionResult:
        logs.append([])
        arguments = (zoo.root(number), logs[-1], generated.variables, generated.operation)
        return await settled(executor(zoo.schema, document, *arguments))

    zoo.halting.clear()
    reference = await run(execute)
    read = zoo.halting_facts()
    awaited = zoo.asynchronous and reference.errors
    possible = await run(execute, parse(generated.unpropagated)) if awaited else None
    zoo.halting.clear()
    found: list[str] = []
    for compiled_from in (1 << 30, 0):
        monkeypatch.setattr(object_codegen, "COMPILE_FROM", compiled_from)
        result = await run(breadth.execute)
        own = zoo.halting_facts()
        found += [
            f"iterator {name}: {read[name]} and {own[name]}"
            for name in read.keys() & own.keys()
            if read[name] != own[name]
        ]
        found += differences(reference, result, possible)
        if not reference.errors and Counter(logs[0]) != Counter(logs[-1]):
            found.append(
                f"resolvers: {(Counter(logs[0]) - Counter(logs[-1])) | (Counter(logs[-1]) - Counter(logs[0]))}"
            )
    return found


# graphql-core may leave coroutines of discarded fields unawaited.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("faults", "asynchronous"), PROFILES)
def test_random_documents_give_the_same_responses_as_graphql_core(
    faults: float, asynchronous: float, documents: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = Zoo(faults, asynchronous)
    share = documents // len(PROFILES) + 1

    async def run_all() -> None:
        for number in range(share):
            kind = "mutation" if number % 5 == 0 else "query"
            generated = generate(zoo.schema, f"{seed} {number}", kind=kind, reckless=number % 7 == 0)
            found = await differing(zoo, generated, seed + number, monkeypatch)
            if found:
                pytest.fail(f"BREADTH_SEED={seed}, number {number}, {generated}\n" + "\n".join(found))

    asyncio.run(run_all())
    gc.collect()  # warnings about unawaited coroutines belong to this test


def test_no_task_or_coroutine_is_left_after_the_response(documents: int, seed: int) -> None:
    """pytest turns the warning about an unawaited coroutine into a failure."""
    with warnings.catch_warnings():  # of coroutines that earlier tests of graphql-core's executor left
        warnings.simplefilter("ignore")
        gc.collect()
    zoo = Zoo(0.05, 0.3)

    async def run_all() -> None:
        for number in range(documents // 2):
            generated = generate(
                zoo.schema, f"{seed} {number}", kind="mutation" if number % 3 == 0 else "query"
            )
            log: list[str] = []
            arguments = (zoo.root(seed + number), log, generated.variables, generated.operation)
            found: Any = breadth.execute(zoo.schema, parse(generated.text), *arguments)
            if not isinstance(found, ExecutionResult):
                await found
            assert len(asyncio.all_tasks()) == 1, f"BREADTH_SEED={seed}, number {number}, {generated}"

    asyncio.run(run_all())
    gc.collect()
