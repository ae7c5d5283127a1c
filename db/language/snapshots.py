"""Rows as plain values, for figures that outlive the read they come from."""

from typing import TYPE_CHECKING

from db import models
from db.language.records import copy_class

if TYPE_CHECKING:
    from db.models import Integration as IntegrationCopy
    from db.models import IntegrationLog as IntegrationLogCopy
    from db.models import Keyword as KeywordCopy
    from db.models import Lead as LeadCopy
    from db.models import Mention as MentionCopy
else:
    IntegrationCopy = copy_class(models.Integration)
    IntegrationLogCopy = copy_class(models.IntegrationLog)
    KeywordCopy = copy_class(models.Keyword)
    LeadCopy = copy_class(models.Lead)
    MentionCopy = copy_class(models.Mention)

__all__ = ["IntegrationCopy", "IntegrationLogCopy", "KeywordCopy", "LeadCopy", "MentionCopy"]
