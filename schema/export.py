from datetime import datetime

import strawberry

from db import models
from resolvers import export as resolve
from schema.enums import ExportEntity, ExportFormat, ExportStatus
from schema.fields import column, resolved_by
from schema.node import Node, global_id, is_row_of
from schema.scalars import BigInt


@strawberry.type(description="A list that is written into a file. Only the user who asked for it sees it.")
class Export(Node):
    is_type_of = is_row_of(models.Export)

    id: strawberry.ID = global_id(models.Export)
    entity: ExportEntity = column("What it lists.")
    format: ExportFormat = column("How its rows are written.")
    columns: list[str] = column("The columns of its rows, in their order.")
    status: ExportStatus = column("How far it is.")
    rows_count: int = column("Number of rows that have been written.")
    rows_total: int | None = column(
        "Number of rows that there were when it began; null while it has not begun, or if counting took too long. "
        "Rows that come and go meanwhile make it differ from `rowsCount` in the end."
    )
    size_bytes: BigInt = column("Size of its file so far, in bytes.")
    error: str | None = column("Why it was given up; null unless the status is FAILED.")
    created_at: datetime = column("When it was asked for.")
    started_at: datetime | None = column("When its first rows were written; null while none are.")
    finished_at: datetime | None = column("When it ended, well or not; null while it has not.")
    expires_at: datetime | None = column("Until when its file is kept; null while it is not finished.")
    url: str | None = resolved_by(
        resolve.url,
        description="Where its file can be had by GET, with an API key of its user: a path on the server that "
        "answers this; null unless the status is SUCCEEDED, and when the file has expired.",
    )
