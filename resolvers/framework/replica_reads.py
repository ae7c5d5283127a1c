"""Operations that replicas answer: one operation runs on one server, and runs again as a whole on another one."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from resolvers.framework.context import Context
from services.replicas import ReplicaRead, Wants

Result = TypeVar("Result")


async def answered(context: Context, execute: Callable[[], Awaitable[Result]], wants: Wants) -> Result:
    """Return the result of an operation that writes nothing, from a replica that shows all that it must, or the primary.

    A failure of a replica is no failure of the operation: another server answers, and nothing of the attempt remains.
    `wants` keeps what the attempts have taught about the operation.
    """
    replicas = context.replicas
    if replicas is None or not context.is_authenticated:
        return await execute()
    before, takes_fragments = context.activity.lengths(), context.takes_fragments
    tried: list[ReplicaRead] = []
    while True:
        read = await replicas.read(context.viewer, wants, tried, everything=context.shows_everything)
        if read is not None or tried:
            await context.read_from(read)
            context.takes_fragments = takes_fragments
            context.activity.forget_since(before)
        if read is None:
            return await execute()
        tried.append(read)
        try:
            result = await execute()
        except Exception:
            if read.failure is None:
                raise
        else:
            if read.failure is None:
                replicas.note_end(read, wants)
                return result
        replicas.note_end(read, wants)
