from datetime import datetime
from typing import Annotated

import strawberry

from db import models
from db.models import ExportEntity, ExportFormat, ExportStatus
from resolvers import export as resolve
from schema.fields import column, resolved_by
from schema.node import Node, global_id, is_row_of
from schema.scalars import BigInt

_EXPIRES_IN = Annotated[
    int | None,
    strawberry.argument(
        description=f"Seconds until the link expires, {resolve.SHORTEST_LINK} to {resolve.LONGEST_LINK:,}. "
        f"Defaults to {resolve.USUAL_LINK}."
    ),
]
_GZIP = Annotated[
    bool | None,
    strawberry.argument(
        description="Whether the link gives the compressed file. False gives the plain file. Defaults to true."
    ),
]


@strawberry.type(description="A list written to a file. Only the user who created the export can see it.")
class Export(Node):
    is_type_of = is_row_of(models.Export)

    id: strawberry.ID = global_id(models.Export)
    entity: ExportEntity = column("Entity whose rows the export lists.")
    format: ExportFormat = column("Format of the rows in the file.")
    columns: list[str] = column("Columns of each row, in order.")
    byte_order_mark: bool = column("Whether the file begins with a byte order mark.")
    status: ExportStatus = column("Current status of the export.")
    rows_count: int = column("Number of rows written so far.")
    rows_total: int | None = column(
        "Number of rows to export, counted when the export started. Null if the export has not started, or counting "
        "took too long. May differ from the final `rowsCount`, because rows can be added or removed in between."
    )
    size_bytes: BigInt = column("Size of the file so far, in bytes.")
    error: str | None = column("Reason for the failure. Null unless `status` is FAILED.")
    created_at: datetime = column("Time when the export was created.")
    started_at: datetime | None = column(
        "Time when the first rows were written. Null if no rows have been written."
    )
    finished_at: datetime | None = column(
        "Time when the export ended, with any result. Null if the export has not ended."
    )
    expires_at: datetime | None = column("Time when the file expires. Null if the export has not ended.")
    updated_at: datetime = column("Time when the status or the progress of the export last changed.")
    url: str | None = resolved_by(
        resolve.url,
        description="Path on this server from which GET downloads the file, with an API key or a session of the user. Null "
        "if `status` is not SUCCEEDED, or the file has expired.",
    )
    download_url: str | None = resolved_by(
        resolve.download_url,
        arguments={"expires_in": _EXPIRES_IN, "gzip": _GZIP},
        description="Path on this server from which GET downloads the file without an API key, so that a browser can follow "
        "it. Anybody who has the link can download the file until the link expires. It also stops working when the API "
        "key that asked for it is revoked or loses a scope, or its user is not active. Null if `status` is not SUCCEEDED, "
        "the file has expired, or the server has no key to sign links. Null also for a session or a browser token. A "
        "session downloads from `url`.",
    )
