from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class SchemaSupport(Base):
    """The oldest revision whose release may run on this schema, in one row.

    A revision that removes what earlier releases need raises it (docs/decisions/0035-releases.md).
    """

    __tablename__ = "schema_support"

    oldest_revision: Mapped[str] = mapped_column(Text, primary_key=True)
