"""Write the demo data into the database."""

from datetime import datetime

from db.engine.pool import Pooled
from db.engine.writer import Writer
from db.statements import demo as write
from services.analysis.lead_scoring import score_leads
from services.demo import UserData
from services.integrations.health import count_days, first_day, refresh


async def write_user(connection: Pooled, data: UserData, anchor: datetime) -> None:
    """Insert a user with all of the user's rows, in the connection's transaction."""
    user_id = await write.insert_user(connection, data.user)
    integration_ids = await write.insert_rows(connection, "integrations", user_id, data.integrations)
    await write.copy_logs(connection, user_id, integration_ids, data.logs)
    keyword_ids = await write.insert_rows(connection, "keywords", user_id, data.keywords)
    mention_ids = await write.copy_mentions(connection, user_id, keyword_ids, data.mentions)
    await write.copy_dependents_of_mentions(
        connection, "analysis_results", user_id, mention_ids, data.analyses
    )
    await write.copy_dependents_of_mentions(connection, "leads", user_id, mention_ids, data.leads)
    writer = Writer(connection)
    await score_leads(writer, await write.lead_ids(connection, user_id), anchor)
    await refresh(writer, integration_ids, anchor)
    await count_days(writer, integration_ids, first_day(anchor))
    await write.write_history(connection, user_id)
