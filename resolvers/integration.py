from collections.abc import Sequence

from db.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Integration, IntegrationLog
from resolvers.context import Context
from resolvers.paging import Connection, Listing, PageArguments, page_of_all, pages_of_each

ALL = Listing(Integration, LATEST_ID_FIRST)
LOGS = Listing(IntegrationLog, NEWEST_FIRST, parent="integration_id")


async def integrations(
    parents: Sequence[None], context: Context, page: PageArguments
) -> Sequence[Connection[Integration]]:
    return [await page_of_all(ALL, context, page)] * len(parents)


async def logs(
    integrations: Sequence[Integration], context: Context, page: PageArguments
) -> Sequence[Connection[IntegrationLog]]:
    return await pages_of_each(LOGS, integrations, context, page)
