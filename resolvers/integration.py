from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import Integration, IntegrationLog, User
from resolvers.framework.context import Context, Viewer
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import Resolver, mutation, takes, values_as
from resolvers.framework.payload import Payload
from resolvers.framework.relation import parent
from resolvers.framework.requires import requires
from services.accounts.api_key import WRITE_INTEGRATIONS
from services.integrations import accounts as service
from services.integrations.accounts import IntegrationValues, NewIntegration
from services.integrations.removal import delete
from services.integrations.runs import RunValues, record_run


@requires("credentials_key_id", loads=0)
async def has_credentials(integrations: Sequence[Integration], context: Context) -> Sequence[bool]:  # noqa: ARG001 - no resolver is without
    return [row.credentials_key_id is not None for row in integrations]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPayload(Payload):
    """The integration as it is now, the log of a run, or the ids of an integration that is gone and of its user."""

    integration: Integration | None = None
    log: IntegrationLog | None = None
    deleted_id: int | None = None
    user_id: int | None = None


writes = mutation(WRITE_INTEGRATIONS, IntegrationPayload)
user_of_payload = parent(User, "user_id")


@takes(4)
@writes
async def connect_integration(writer: Writer, context: Context, request: Any) -> IntegrationPayload:
    owner_id = row_id(request.user_id, User) if request.user_id else None
    kind = request.kind or service.KIND_OF[request.provider]
    new = NewIntegration(request.provider, kind, request.external_account_id or "")
    made = await service.connect(
        writer, context.viewer, context.vault, new, values_as(IntegrationValues, request), owner_id
    )
    return IntegrationPayload(integration=made)


@takes(5)
@writes
async def update_integration(writer: Writer, context: Context, request: Any) -> IntegrationPayload:
    integration_id = row_id(request.id, Integration)
    changed = await service.update(
        writer, context.viewer, context.vault, integration_id, values_as(IntegrationValues, request)
    )
    return IntegrationPayload(integration=changed)


def _by_id(change: Callable[[Writer, Viewer, int], Awaitable[Integration]]) -> Resolver:
    async def work(writer: Writer, context: Context, request: Any) -> IntegrationPayload:
        changed = await change(writer, context.viewer, row_id(request.id, Integration))
        return IntegrationPayload(integration=changed)

    return takes(5)(writes(work))


pause_integration = _by_id(service.pause)
resume_integration = _by_id(service.resume)
disconnect_integration = _by_id(service.disconnect)


@takes(3)
@writes
async def delete_integration(writer: Writer, context: Context, request: Any) -> IntegrationPayload:
    integration_id = row_id(request.id, Integration)
    user_id = await delete(writer, context.viewer, integration_id)
    return IntegrationPayload(deleted_id=integration_id, user_id=user_id)


@takes(8)
@writes
async def record_integration_run(writer: Writer, context: Context, request: Any) -> IntegrationPayload:
    integration_id = row_id(request.integration_id, Integration)
    run = values_as(RunValues, request)
    changed, log = await record_run(writer, context.viewer, integration_id, run)
    return IntegrationPayload(integration=changed, log=log)
