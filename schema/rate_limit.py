from datetime import datetime

import strawberry

from schema.fields import column


@strawberry.type(
    description="Rate limit of the viewer's API key and user: the bucket with fewer points left."
)
class RateLimit:
    limit: int = column("Points that the bucket holds when it is full. They come back within 60 seconds.")
    remaining: int = column("Points that are left after this operation was charged.")
    cost: int = column(
        "Points that this operation was charged: 1, and 1 more for each 100 objects that it could return. Points of "
        "objects that it does not return come back at its end."
    )
    reset_at: datetime = column("Time at which the bucket is full again if no further request is charged.")
