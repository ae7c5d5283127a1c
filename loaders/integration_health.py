"""Integrations with their latest runs and their share of successful runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Integration, IntegrationLog
from db.statements import integration_health
from db.statements.integration_health import MonitoredIntegration
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class MonitoredIntegrationsByKey(DataLoader[int, Sequence[MonitoredIntegration]]):
    """The integrations of a user (`by` user_id), the least healthy first, or one integration (`by` id)."""

    models = (Integration, IntegrationLog)
    by: str
    most: int
    since: datetime

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[int]
    ) -> Sequence[Sequence[MonitoredIntegration]]:
        found = await integration_health.monitored(reader, scope, self.by, keys, self.most, self.since)
        return [found.get(key, []) for key in keys]
